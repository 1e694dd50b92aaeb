import { BINARY } from '../bson/bson-types.ts';
import { AS_BINARY } from '../stored-types/stored-type.ts';
import { MISMATCH, writeBinary, writeTextAs } from '../stored-types/text-to-bson.ts';
import type { CellType } from './cell-type.ts';

const hexText = /^(?:[0-9a-fA-F]{2})*$/;
/** RFC 4648 §6, padded. */
const base32Text = /^(?:[A-Z2-7]{8})*(?:[A-Z2-7]{2}={6}|[A-Z2-7]{4}={4}|[A-Z2-7]{5}={3}|[A-Z2-7]{7}=)?$/;

/** The bytes that a text stands for; undefined where it is not in the encoding. */
type Decoder = (text: string) => Buffer | undefined;

const decoders = new Map<string, Decoder>([
  ['hex', (text) => (hexText.test(text) ? Buffer.from(text, 'hex') : undefined)],
  ['base32', (text) => (base32Text.test(text) ? fromBase32(text) : undefined)],
]);

/** `base64`, `base32` or `hex`, as in mongoimport's `binary(…)`. */
export function binaryCell(encoding: string): CellType | string {
  const name = `binary(${encoding})`;
  if (encoding === 'base64') {
    const base64Cell: CellType['write'] = (bytes, start, end, sink) => writeTextAs(AS_BINARY, bytes, start, end, sink);
    return { name, write: base64Cell, orText: false };
  }
  const decode = decoders.get(encoding);
  if (!decode) return 'must say base64, base32 or hex';
  return {
    name,
    write: (bytes, start, end, sink) => {
      const decoded = decode(bytes.toString('latin1', start, end));
      return decoded && writeBinary(sink, decoded.toString('base64'), 0) ? BINARY : MISMATCH;
    },
    orText: false,
  };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.replace(/=+$/, '')) {
    bits = ((bits << 5) | alphabet.indexOf(letter)) & 0xfff;
    held += 5;
    if (held >= 8) bytes.push((bits >> (held -= 8)) & 0xff);
  }
  return Buffer.from(bytes);
}
