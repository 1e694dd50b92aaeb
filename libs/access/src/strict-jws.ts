import { parseStrictJson } from './strict-json.ts';
import { TokenFault } from './token-fault.ts';

/** Bytes; larger tokens are refused unread, and never minted. */
export const maxTokenBytes = 8 * 1024;

/** Bytes; a caller context repeats the claims of its token and adds its own. */
export const maxBusTokenBytes = 10 * 1024;

/** The only algorithms of any Keyport token (RFC 8725 §3.1); HS* and `none` are not among them. */
export const signatureAlgorithms = ['ES256', 'EdDSA', 'PS256', 'RS256'] as const;

/** Header parameters that name a key to trust, or change how the token is read (RFC 8725 §3.10, RFC 7797, RFC 7516). */
const refusedParameters = ['jku', 'x5u', 'x5c', 'x5t', 'jwk', 'crit', 'b64', 'zip', 'enc'];

export interface UnverifiedJws {
  readonly header: { readonly kid: string; readonly typ: string; readonly alg: string };
  readonly payload: Record<string, unknown>;
}

/**
 * Reads a compact JWS more strictly than jose does: three parts, base64url that encodes back to the same text, JSON that
 * can be read in one way only, and a header with nothing in it that chooses the key or the reading. Nothing is verified
 * yet: no claim may be believed.
 */
export function readStrictJws(token: string, typ: string, maxBytes = maxTokenBytes): UnverifiedJws {
  if (token.length > maxBytes) throw new TokenFault('size', `larger than ${maxBytes} bytes`);
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenFault('form', 'not three parts');
  const [header, payload, signature] = parts.map(decodeCanonical) as [Buffer, Buffer, Buffer];
  if (signature.length === 0) throw new TokenFault('form', 'no signature');
  const names = parseStrictJson(utf8(header));
  const claims = parseStrictJson(utf8(payload));
  for (const name of refusedParameters) {
    if (Object.hasOwn(names, name)) throw new TokenFault('header', `the parameter ${name} is not accepted`);
  }
  const { kid, alg } = names;
  if (typeof kid !== 'string' || !/^[\w.:-]{1,200}$/.test(kid)) throw new TokenFault('header', 'kid is not a key id');
  if (names.typ !== typ) throw new TokenFault('type', `typ is not ${typ}`);
  if (typeof alg !== 'string' || !(signatureAlgorithms as readonly string[]).includes(alg)) {
    throw new TokenFault('algorithm', `alg is not one of ${signatureAlgorithms.join(', ')}`);
  }
  return { header: { kid, typ, alg }, payload: claims };
}

function decodeCanonical(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new TokenFault('form', 'a part is not canonical base64url');
  return bytes;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new TokenFault('form', 'a part is not UTF-8');
  }
}
