import type { JsonCursor } from './json-cursor.ts';

const openBrace = 0x7b;
const openBracket = 0x5b;

/** Refuses a row that does not begin as an object; the cursor stands at its first byte. */
export function refuseOtherThanObject(cursor: JsonCursor, end: number, isLine: boolean): never {
  const isArray = isLine && cursor.src[cursor.at] === openBracket;
  const message = isArray
    ? 'A row must be a JSON object, and this one begins an array: send a JSON array as application/json.'
    : 'A row must be a JSON object.';
  try {
    JSON.parse(cursor.src.toString('utf8', cursor.at, end));
  } catch {
    return isArray ? cursor.fail('MALFORMED_JSON', message) : cursor.unexpected();
  }
  return cursor.fail('NOT_AN_OBJECT', message);
}

/** Refuses what follows a row's object, where the cursor stands. `curl -d` takes the line breaks out of a file. */
export function refuseMore(cursor: JsonCursor, isLine: boolean): never {
  if (!isLine || cursor.src[cursor.at] !== openBrace) return cursor.unexpected();
  const message = 'Another object follows on the same line; newlines seem to be missing: with curl use --data-binary.';
  return cursor.fail('MALFORMED_JSON', message);
}
