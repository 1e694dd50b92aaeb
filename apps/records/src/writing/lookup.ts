import { comparable, elementAtPath, valuesOf, type RawElement } from '@keyport/mongo';
import type { ChunkRow, IdentifyingFields } from './chunk.ts';

/** A filter for all records with the values of one of the rows: `$in` on one field, or on the last of several. */
export function filterFor(fields: IdentifyingFields, rows: Iterable<ChunkRow>): Record<string, unknown> {
  const { names } = fields;
  const branches = groupByLeading(fields, rows).map(({ leading, last }) => ({
    ...leadingValues(names, leading),
    [names.at(-1) ?? '_id']: { $in: valuesOf(last) },
  }));
  return branches.length === 1 && branches[0] ? branches[0] : { $or: branches };
}

/** Rows that share all fields but the last. */
interface Group {
  readonly leading: readonly RawElement[];
  readonly last: RawElement[];
}

function groupByLeading({ paths }: IdentifyingFields, rows: Iterable<ChunkRow>): Group[] {
  const groups = new Map<string, Group>();
  for (const { bytes, start } of rows) {
    const elements = paths.flatMap((path) => elementAtPath(bytes, path, start) ?? []);
    const leading = elements.slice(0, -1);
    const text = leading.length === 0 ? '' : JSON.stringify(leading.map(comparable));
    const group = groups.get(text) ?? { leading, last: [] };
    groups.set(text, group);
    group.last.push(...elements.slice(-1));
  }
  return [...groups.values()];
}

/** `$eq`, since a bare document would be read as operators and a bare pattern as a search. */
function leadingValues(names: readonly string[], elements: readonly RawElement[]): Record<string, unknown> {
  const values = valuesOf(elements);
  return Object.fromEntries(values.map((value, index) => [names[index] ?? '', { $eq: value }]));
}
