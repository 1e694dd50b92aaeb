import type { Encoding } from '@keyport/contracts';
import { BSON } from 'bson';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body of a message: JSON text, or one BSON document whose `Uint8Array` fields travel as Binary. */
export function encodeBody(encoding: Encoding, value: unknown): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify(value));
  return BSON.serialize(value as BSON.Document, { ignoreUndefined: true });
}

/** Inverse of {@link encodeBody}; an empty JSON body reads as `{}`. Throws where the bytes are neither. */
export function decodeBody(encoding: Encoding, body: Uint8Array): unknown {
  if (encoding === 'json') return body.length === 0 ? {} : JSON.parse(utf8.decode(body));
  return BSON.deserialize(body, { promoteBuffers: true });
}
