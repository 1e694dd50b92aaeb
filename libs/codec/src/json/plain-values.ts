import { parseIsoDate } from '../stored-types/iso-date.ts';
import { textOfDate, type TextFields } from '../schema/json-form.ts';

/**
 * A row of JSON in the form that its dataset's schema speaks about: each Extended JSON wrapper as the JSON value that
 * the field would be without it. The row has been read before, so its wrappers are known to be right. Changes `row`.
 */
export function plainValues(row: unknown, textFields: TextFields): unknown {
  return plainFields(row as Fields, '', textFields);
}

function plain(value: unknown, path: string, textFields: TextFields): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = plain(value[i], path, textFields);
    return value;
  }
  const fields = value as Record<string, unknown>;
  const names = Object.keys(fields);
  const [first] = names;
  if (first === '$document') return plainFields(fields.$document as Fields, path, textFields);
  const read = first?.startsWith('$') ? readers.get(first) : undefined;
  return read ? read(fields, textFields.has(path)) : plainFields(fields, path, textFields);
}

function plainFields(fields: Fields, path: string, textFields: TextFields): Fields {
  const names = Object.keys(fields);
  for (const name of names) {
    const before = fields[name];
    const after = plain(before, path === '' ? name : `${path}.${name}`, textFields);
    // Not by assignment: a field may be named __proto__.
    if (after !== before) Object.defineProperty(fields, name, { ...dataProperty, value: after });
  }
  return fields;
}

const dataProperty = { configurable: true, enumerable: true, writable: true };

type Fields = Record<string, unknown>;

/** By a wrapper's first name. What JSON has no form for stays as it stands. */
const readers = new Map<string, (fields: Fields, asText: boolean) => unknown>([
  ['$oid', ({ $oid }) => $oid],
  ['$symbol', ({ $symbol }) => $symbol],
  ['$numberInt', ({ $numberInt }) => Number($numberInt)],
  ['$numberDouble', ({ $numberDouble }) => Number($numberDouble)],
  ['$numberLong', ({ $numberLong }, asText) => (asText ? $numberLong : Number($numberLong))],
  ['$numberDecimal', ({ $numberDecimal }, asText) => (asText ? $numberDecimal : Number($numberDecimal))],
  ['$date', ({ $date }) => dateText($date)],
  ['$binary', base64Of],
  ['$type', base64Of],
  ['$uuid', ({ $uuid }) => Buffer.from(String($uuid).replaceAll('-', ''), 'hex').toString('base64')],
]);

function dateText($date: unknown): string {
  if (typeof $date === 'string') return textOfDate(BigInt(parseDate($date)));
  return textOfDate(BigInt(String(($date as Fields).$numberLong)));
}

function parseDate(text: string): number {
  const bytes = Buffer.from(text);
  return parseIsoDate(bytes, 0, bytes.length);
}

/** `{"$binary": {"base64": …}}`, and the older `{"$binary": "…", "$type": …}`. */
function base64Of({ $binary }: Fields): unknown {
  return typeof $binary === 'string' ? $binary : ($binary as Fields).base64;
}
