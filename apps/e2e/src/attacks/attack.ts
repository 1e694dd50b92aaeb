import type { Reply } from '@keyport/testing';
import type { Bus } from './bus.ts';
import type { Workshop } from './workshop.ts';

/** One way in that somebody has tried, and how Keyport refuses it. docs/attacks.md has the same rows. */
export interface Attack {
  readonly name: string;
  /** Where it is described: a section of an RFC, a CVE of a product that let it pass, a paper. */
  readonly source: string;
  /** Status and code, or status and failing check. */
  readonly refusal: string;
}

/** A forged token, shown in `Authorization` and to `POST /v1/tokens/inspect`. */
export interface TokenAttack extends Attack {
  readonly check: string;
  readonly forge: (workshop: Workshop) => string | Promise<string>;
  /** False for text that no header carries. */
  readonly inHeader: boolean;
}

export interface Problem {
  readonly code?: string;
  readonly detail?: string;
}

/** Something done over HTTP whose last reply refuses it. */
export interface HttpAttack extends Attack {
  readonly status: number;
  readonly code: string;
  readonly act: (workshop: Workshop) => Promise<Reply>;
}

export type OAuthReply = Reply<Record<string, unknown>>;

/** Something sent to an OAuth endpoint whose last reply refuses it as RFC 6749 §5.2 says. */
export interface OAuthAttack extends Attack {
  readonly status: number;
  readonly error: string;
  readonly act: (workshop: Workshop) => Promise<OAuthReply>;
}

/** Something that a program does on the bus; it ends with this error. */
export interface BusAttack extends Attack {
  readonly error: string;
  readonly act: (bus: Bus) => Promise<string>;
}

type Forgeries = Readonly<Record<string, TokenAttack['forge']>>;

/** Token attacks, by name, that the same check refuses. */
export const refusedBy = (check: string, source: string, forgeries: Forgeries, inHeader = true): TokenAttack[] =>
  Object.entries(forgeries).map(([name, forge]) => ({
    name,
    source,
    refusal: `401 check ${check}`,
    check,
    forge,
    inHeader,
  }));

/** The same for text that no header carries: only inspection sees it. */
export const refusedInInspection = (check: string, source: string, forgeries: Forgeries): TokenAttack[] =>
  refusedBy(check, source, forgeries, false);

/** Attacks over HTTP, by name, that are refused alike: `403 INSUFFICIENT_SCOPE`. */
export function answeredBy(
  refusal: `${number} ${string}`,
  source: string,
  acts: Readonly<Record<string, HttpAttack['act']>>,
): HttpAttack[] {
  const [status, code = ''] = refusal.split(' ');
  return Object.entries(acts).map(([name, act]) => ({ name, source, refusal, status: Number(status), code, act }));
}

/** Attacks on OAuth endpoints, by name, that are refused alike: `401 invalid_client`. */
export function refusedAs(
  refusal: `${number} ${string}`,
  source: string,
  acts: Readonly<Record<string, OAuthAttack['act']>>,
): OAuthAttack[] {
  const [status, error = ''] = refusal.split(' ');
  return Object.entries(acts).map(([name, act]) => ({ name, source, refusal, status: Number(status), error, act }));
}

/** Attacks on the bus, by name, that end with the same error. */
export const endedBy = (error: string, source: string, acts: Readonly<Record<string, BusAttack['act']>>): BusAttack[] =>
  Object.entries(acts).map(([name, act]) => ({ name, source, refusal: error, error, act }));
