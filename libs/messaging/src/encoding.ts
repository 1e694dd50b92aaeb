import type { Encoding } from '@keyport/contracts';
import { BSON } from 'bson';
import { mayBeGivenBack } from './give-back.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body of a message: JSON text, or one BSON document whose `Uint8Array` fields travel as Binary. */
export function encodeBody(encoding: Encoding, value: unknown): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify(value));
  return BSON.serialize(value as BSON.Document, { ignoreUndefined: true });
}

/**
 * Inverse of {@link encodeBody}; an empty JSON body reads as `{}`. Throws where the bytes are neither. Large bytes are views
 * of the body; small ones, such as cursors, outlive it.
 */
export function decodeBody(encoding: Encoding, body: Uint8Array): unknown {
  if (encoding === 'json') return body.length === 0 ? {} : JSON.parse(utf8.decode(body));
  const decoded = BSON.deserialize(body, { promoteBuffers: true });
  for (const [name, value] of Object.entries(decoded)) {
    if (value instanceof Uint8Array && !mayBeGivenBack(value)) decoded[name] = Buffer.from(value);
  }
  return decoded;
}
