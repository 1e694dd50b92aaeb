/** Dotted paths of fields whose Long or Decimal128 the schema describes as text; a path to an array means its elements. */
export type TextFields = ReadonlySet<string>;

/** Far deeper than a document may nest; it ends schemas that hold themselves. */
const maxDepth = 200;
const exactFormats = new Set<unknown>(['int64', 'decimal']);

/**
 * Fields of a JSON Schema (2020-12) with `format` `int64` or `decimal` that it wants as text (`type: string`) and not as
 * numbers. Give them to the reader, so that its `validate` sees such fields the way the schema speaks of them.
 */
export function textFieldsOf(schema: unknown): TextFields {
  const paths = new Set<string>();
  collect(schema, '', paths, 0);
  return paths;
}

function collect(schema: unknown, path: string, into: Set<string>, depth: number): void {
  if (!isRecord(schema) || depth > maxDepth) return;
  const types: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const isText = types.includes('string') && !types.includes('number') && !types.includes('integer');
  if (isText && exactFormats.has(schema.format)) into.add(path);
  if (isRecord(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      collect(property, path === '' ? name : `${path}.${name}`, into, depth + 1);
    }
  }
  collect(schema.items, path, into, depth + 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const maxDateMs = 8_640_000_000_000_000n;

/**
 * A Date as the text that `format: date-time` means (RFC 3339); years beyond four digits as ISO 8601 writes them, and
 * what is no date to JavaScript as milliseconds: both match no `date-time`.
 */
export function textOfDate(ms: bigint): string {
  return ms >= -maxDateMs && ms <= maxDateMs ? new Date(Number(ms)).toISOString() : String(ms);
}
