import { BOOLEAN, NULL } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { ANY, AS_BOOLEAN, storedTypeName } from '../stored-types/stored-type.ts';
import type { JsonCursor } from './json-cursor.ts';

/** `true`, `false` or `null`, whose first letter is `byte`. */
export function readLiteral(cursor: JsonCursor, sink: ByteSink, byte: number, type: number): number {
  const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : '';
  if (word === '') cursor.unexpected();
  const start = cursor.at;
  for (let i = 0; i < word.length; i++, cursor.at++) {
    if (cursor.src[cursor.at] !== word.charCodeAt(i)) cursor.unexpected();
  }
  if (word === 'null') return NULL;
  if (type !== ANY && type !== AS_BOOLEAN) {
    cursor.fail(
      'TYPE_MISMATCH',
      `A boolean cannot be stored as ${storedTypeName(type)}.`,
      cursor.text(start, cursor.at),
    );
  }
  sink.reserve(1);
  sink.bytes[sink.length++] = word === 'true' ? 1 : 0;
  return BOOLEAN;
}
