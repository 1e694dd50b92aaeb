import { BSON } from 'bson';

/** As long as what the parser shows of a value. */
const maxLength = 100;

/** What a row that the writer refused has in the fields to blame, which are joined with commas; as text. */
export function refusedValue(document: Uint8Array, paths: string): string | undefined {
  const row = BSON.deserialize(document, { promoteValues: false });
  const found = paths.split(',').map((path) => path.split('.').reduce<unknown>(memberOf, row));
  const values = found.filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const text = typeof values[0] === 'string' && found.length === 1 ? values[0] : values.map(textOf).join(',');
  return text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const textOf = (value: unknown): string => BSON.EJSON.stringify(value, { relaxed: true });
