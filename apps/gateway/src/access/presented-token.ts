import type { IncomingMessage } from 'node:http';

/** What is looked at of a request of Fastify's. */
export interface CarriesHeaders {
  readonly raw: Pick<IncomingMessage, 'rawHeaders'>;
}

export type TokenScheme = 'Bearer' | 'DPoP';

export interface PresentedToken {
  readonly scheme: TokenScheme;
  readonly token: string;
}

/**
 * Everything behind `Bearer` or `DPoP`, in any case (RFC 6750 §2.1, RFC 9449 §7.1, RFC 9110 §11.1), for the verifier to
 * judge as a whole. passport-jwt's own extractor takes the first word and Node the first of several headers: what stands
 * behind would be passed over here and might count elsewhere. Several headers are read as RFC 9110 §5.3 joins them, which
 * is no token.
 */
export function presentedTokenOf({ raw }: CarriesHeaders): PresentedToken | null {
  const value = authorizationOf(raw.rawHeaders);
  const scheme = schemeOf(value);
  if (scheme === undefined) return null;
  let at = scheme.length + 1;
  while (value[at] === ' ') at += 1;
  return at < value.length ? { scheme, token: value.slice(at) } : null;
}

/** The proof that came along (RFC 9449 §4.1). Of several headers, which are refused (§4.3), the text is none. */
export const presentedProofOf = ({ raw }: CarriesHeaders): string | undefined => joinedHeader(raw.rawHeaders, 'dpop');

/** The `Authorization` header; several are joined as RFC 9110 §5.3 says. */
export const authorizationOf = (rawHeaders: readonly string[]): string =>
  joinedHeader(rawHeaders, 'authorization') ?? '';

function schemeOf(value: string): TokenScheme | undefined {
  if (value.slice(0, 7).toLowerCase() === 'bearer ') return 'Bearer';
  return value.slice(0, 5).toLowerCase() === 'dpop ' ? 'DPoP' : undefined;
}

function joinedHeader(rawHeaders: readonly string[], wanted: string): string | undefined {
  let joined: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    const value = rawHeaders[at + 1] as string;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}
