import type { IncomingMessage } from 'node:http';

const scheme = 'bearer ';

/** What is looked at of a request of Fastify's. */
export interface CarriesHeaders {
  readonly raw: Pick<IncomingMessage, 'rawHeaders'>;
}

/**
 * Everything behind `Bearer`, in any case (RFC 6750 §2.1, RFC 9110 §11.1), for the verifier to judge as a whole.
 * passport-jwt's own extractor takes the first word and Node the first of several headers: what stands behind would be
 * passed over here and might count elsewhere. Several headers are read as RFC 9110 §5.3 joins them, which is no token.
 */
export function bearerTokenOf({ raw }: CarriesHeaders): string | null {
  const value = authorizationOf(raw.rawHeaders);
  if (value.slice(0, scheme.length).toLowerCase() !== scheme) return null;
  let at = scheme.length;
  while (value[at] === ' ') at += 1;
  return at < value.length ? value.slice(at) : null;
}

function authorizationOf(rawHeaders: readonly string[]): string {
  let joined: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length !== 'authorization'.length || name.toLowerCase() !== 'authorization') continue;
    const value = rawHeaders[at + 1] as string;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined ?? '';
}
