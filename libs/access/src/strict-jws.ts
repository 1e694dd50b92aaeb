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

/** What a header may hold, by who writes it. */
export interface HeaderRules {
  readonly kid: RegExp;
  readonly refused: readonly string[];
}

const ownHeader: HeaderRules = { kid: /^[\w.:-]{1,200}$/, refused: refusedParameters };

/**
 * Other issuers name their keys as they like (some in base64), and some add a thumbprint, which is not looked at: it
 * chooses nothing.
 */
export const othersHeader: HeaderRules = {
  kid: /^[!-~]{1,200}$/,
  refused: refusedParameters.filter((name) => name !== 'x5t'),
};

/** A DPoP proof carries the key that verifies it (RFC 9449 §4.2). */
export const proofHeader: Pick<HeaderRules, 'refused'> = {
  refused: refusedParameters.filter((name) => name !== 'jwk'),
};

export interface UnverifiedJws {
  readonly header: { readonly kid: string; readonly typ: string | undefined; readonly alg: string };
  readonly payload: Record<string, unknown>;
}

/**
 * Reads a compact JWS more strictly than jose does: three parts, base64url that encodes back to the same text, JSON that
 * can be read in one way only, and a header with nothing in it that chooses the key or the reading. Nothing is verified
 * yet: no claim may be believed. `typ` is exactly the one, or, of tokens that others issue, one of a list in lower case,
 * compared as RFC 7515 §4.1.9 says.
 */
export function readStrictJws(
  token: string,
  typ: string | readonly (string | undefined)[],
  maxBytes = maxTokenBytes,
  rules: HeaderRules = ownHeader,
): UnverifiedJws {
  const { header: names, payload } = readStrictParts(token, maxBytes, rules);
  const kid = keyIdIn(names, rules);
  return { header: { kid, typ: requireType(names.typ, typ), alg: algorithmIn(names) }, payload };
}

/**
 * Of assertions: others also call EdDSA on the one curve that is accepted `Ed25519` (RFC 9864 §2.2), which is the same
 * signature.
 */
const assertionAlgorithms = [...signatureAlgorithms, 'Ed25519'];

/** A token that others sign as they are used to: `kid` may be missing, and `typ` too where `types` has undefined. */
export interface UnverifiedAssertion {
  /** `alg` is EdDSA for Ed25519 too. */
  readonly header: { readonly kid: string | undefined; readonly alg: string };
  readonly payload: Record<string, unknown>;
}

/** As {@link readStrictJws}, of a JWT assertion (RFC 7523 §3). `types` are compared as RFC 7515 §4.1.9 asks for. */
export function readStrictAssertion(
  token: string,
  types: readonly (string | undefined)[],
  maxBytes = maxTokenBytes,
): UnverifiedAssertion {
  const { header: names, payload } = readStrictParts(token, maxBytes, ownHeader);
  const kid = names.kid === undefined ? undefined : keyIdIn(names, ownHeader);
  requireType(names.typ, types);
  const alg = algorithmIn(names, assertionAlgorithms);
  return { header: { kid, alg: alg === 'Ed25519' ? 'EdDSA' : alg }, payload };
}

/** Header and payload of a compact JWS, whatever they say. */
export interface StrictParts {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
}

/**
 * Takes a compact JWS apart more strictly than jose does: three parts, base64url that encodes back to the same text, JSON
 * that can be read in one way only, and a header with nothing in it that is refused. Throws {@link TokenFault}.
 */
export function readStrictParts(token: string, maxBytes: number, rules: Pick<HeaderRules, 'refused'>): StrictParts {
  if (token.length > maxBytes) throw new TokenFault('size', `larger than ${maxBytes} bytes`);
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenFault('form', 'not three parts');
  const [header, payload, signature] = parts.map(decodeCanonical) as [Buffer, Buffer, Buffer];
  if (signature.length === 0) throw new TokenFault('form', 'no signature');
  const names = parseStrictJson(utf8(header));
  const claims = parseStrictJson(utf8(payload));
  for (const name of rules.refused) {
    if (Object.hasOwn(names, name)) throw new TokenFault('header', `the parameter ${name} is not accepted`);
  }
  return { header: names, payload: claims };
}

function keyIdIn({ kid }: Record<string, unknown>, rules: HeaderRules): string {
  if (typeof kid === 'string' && rules.kid.test(kid)) return kid;
  throw new TokenFault('header', 'kid is not a key id');
}

function algorithmIn({ alg }: Record<string, unknown>, accepted: readonly string[] = signatureAlgorithms): string {
  if (typeof alg === 'string' && accepted.includes(alg)) return alg;
  throw new TokenFault('algorithm', `alg is not one of ${signatureAlgorithms.join(', ')}`);
}

function requireType(found: unknown, wanted: string | readonly (string | undefined)[]): string | undefined {
  const isRight = typeof wanted === 'string' ? found === wanted : wanted.includes(mediaType(found));
  if (isRight) return found as string | undefined;
  const named = typeof wanted === 'string' ? wanted : wanted.map((one) => one ?? 'left out').join(' or ');
  throw new TokenFault('type', `typ is not ${named}`);
}

/** RFC 7515 §4.1.9: in any case, and `application/` may stand before it. */
export const mediaType = (typ: unknown): string | undefined =>
  typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : (typ as undefined);

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
