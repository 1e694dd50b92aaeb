import { wrapperFault } from './extended-json-reader.ts';
import { readText } from './json-string.ts';
import type { JsonToBson } from './json-to-bson.ts';

const quote = 0x22;

/**
 * The members of a wrapper's object, from its opening brace to behind its closing one: exactly those named, once each, in
 * any order, strings or whole numbers.
 */
export function readScalarMembers(
  json: JsonToBson,
  wrapper: string,
  names: readonly string[],
): Map<string, string | number> {
  const { cursor, sink } = json;
  const expected = `an object of ${names.join(' and ')}`;
  const members = new Map<string, string | number>();
  if (cursor.skipSpace() !== 0x7b) wrapperFault(json, wrapper, expected);
  cursor.at++;
  for (;;) {
    if (cursor.skipSpace() !== quote) wrapperFault(json, wrapper, expected);
    cursor.at++;
    const name = readText(cursor, sink);
    if (!names.includes(name) || members.has(name)) wrapperFault(json, wrapper, expected);
    cursor.expect(0x3a);
    members.set(name, readScalar(json, wrapper, expected));
    if (cursor.skipSpace() !== 0x2c) break;
    cursor.at++;
  }
  cursor.expect(0x7d);
  if (members.size !== names.length) wrapperFault(json, wrapper, expected);
  return members;
}

function readScalar(json: JsonToBson, wrapper: string, expected: string): string | number {
  const { cursor, sink } = json;
  const first = cursor.skipSpace();
  if (first === quote) {
    cursor.at++;
    return readText(cursor, sink);
  }
  const start = cursor.at;
  while (cursor.src[cursor.at]! >= 0x30 && cursor.src[cursor.at]! <= 0x39) cursor.at++;
  const text = cursor.src.toString('latin1', start, cursor.at);
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) wrapperFault(json, wrapper, expected);
  return Number(text);
}
