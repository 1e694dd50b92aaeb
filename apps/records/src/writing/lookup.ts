import { comparable, valuesOf, type RawElement } from '@keyport/mongo';
import type { Identity } from './chunk.ts';

/** A filter for all records that have one of these values in these fields; `$in` on one field, or on the last of several. */
export function filterFor(fields: readonly string[], identities: readonly Identity[]): Record<string, unknown> {
  const lastField = fields.at(-1) ?? '_id';
  const groups = groupByLeading(identities);
  const branches = groups.map((group) => ({
    ...leadingValues(fields, group[0]?.elements ?? []),
    [lastField]: { $in: valuesOf(group.flatMap(({ elements }) => elements.slice(-1))) },
  }));
  return branches.length === 1 && branches[0] ? branches[0] : { $or: branches };
}

function groupByLeading(identities: readonly Identity[]): Identity[][] {
  const groups = new Map<string, Identity[]>();
  for (const identity of identities) {
    const leading = JSON.stringify(identity.elements.slice(0, -1).map(comparable));
    const group = groups.get(leading);
    if (group) group.push(identity);
    else groups.set(leading, [identity]);
  }
  return [...groups.values()];
}

/** `$eq`, since a bare document would be read as operators and a bare pattern as a search. */
function leadingValues(fields: readonly string[], elements: readonly RawElement[]): Record<string, unknown> {
  const values = valuesOf(elements.slice(0, -1));
  return Object.fromEntries(values.map((value, index) => [fields[index] ?? '', { $eq: value }]));
}
