import { createHash } from 'node:crypto';
import { patternMatches } from '@keyport/access';
import { crossing, ingestSubject } from '@keyport/contracts';
import { isPrefix, type BusScopes } from './bus-scopes.ts';

interface Permission {
  readonly allow: string[];
  readonly deny: string[];
}

/** As a user JWT says it. */
export interface PublisherPermissions {
  readonly pub: Permission;
  readonly sub: Permission;
}

/** The datasets that the prefixes among the patterns stand for, in order. */
export const datasetsBehind = (patterns: readonly string[], datasets: readonly string[]): readonly string[] => {
  const prefixes = patterns.filter(isPrefix);
  return datasets.filter((name) => prefixes.some((prefix) => patternMatches(prefix, name))).toSorted();
};

/** `behind` are the datasets that prefixes stand for now. */
export function publisherPermissions(
  { publish, listens }: BusScopes,
  behind: readonly string[],
  inbox: string,
): PublisherPermissions {
  const names = new Set([...publish.filter((pattern) => !isPrefix(pattern)), ...behind]);
  const subjects = [...names].map(ingestSubject);
  return {
    // To nats-server, a user to whom nothing is allowed is one to whom nothing is forbidden.
    pub: subjects.length > 0 ? { allow: subjects, deny: [] } : { allow: [], deny: ['>'] },
    sub: { allow: [`${inbox}.>`, ...(listens ? [crossing.events] : [])], deny: [] },
  };
}

/** Tells one set of datasets from another. */
export const datasetsPrint = (names: readonly string[]): string =>
  createHash('sha256').update(names.join(' ')).digest('base64url').slice(0, 16);
