import { nowSeconds } from '@keyport/access';

/** Of a connection's longest life, the last part, in which auth ends it. */
const renewalShare = 0.1;
const maxRenewalSeconds = 60;

/**
 * When nats-server ends a connection, seconds since the epoch, and when auth does: a client that nats-server tells that
 * its user has expired may give up for good (nats-py does), one whose connection breaks connects anew. So nats-server's
 * turn comes only with the end of the token, or where auth is away.
 */
export function connectionEnd(
  tokenExp: number,
  longestSeconds: number,
  now = nowSeconds(),
): { readonly exp: number; readonly renewAt: number | undefined } {
  const longest = now + longestSeconds;
  if (tokenExp <= longest) return { exp: tokenExp, renewAt: undefined };
  const lead = Math.min(maxRenewalSeconds, Math.floor(longestSeconds * renewalShare));
  return { exp: longest, renewAt: longest - lead };
}
