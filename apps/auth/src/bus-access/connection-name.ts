import { authorityClaims, contextClaims, Holder, identityOfAuthority, type Identity } from '@keyport/access';
import { z } from 'zod';

/** What is known of a connection: for whom it was opened, with which rights, and for which datasets behind a prefix. */
export interface NamedConnection {
  /** Its scopes are those that the connection was given. */
  readonly holder: Holder;
  /** Seconds since the epoch, when it is to be opened anew; undefined where the token ends before. */
  readonly renewAt: number | undefined;
  /** Of the datasets that its prefixes stood for. */
  readonly datasetsPrint: string | undefined;
}

/** Names of users that stand in nats-server's configuration have no dot. */
const prefix = 'keyport.';

const carried = contextClaims
  .omit({ aud: true, iat: true, authorization_details: true })
  .extend({ tiat: z.number().int(), tkid: z.string(), renew: z.number().int().optional(), ds: z.string().optional() });

/**
 * User name of a connection: nats-server keeps it for as long as the connection lives, and tells every auth process, also
 * one that was started later. Holds no secret. Begins readable, for logs.
 */
export function connectionName(
  { identity, exp }: Pick<Holder, 'identity' | 'exp'>,
  scopes: readonly string[],
  { renewAt, datasetsPrint }: Partial<Omit<NamedConnection, 'holder'>> = {},
): string {
  const claims = {
    ...authorityClaims(identity),
    jti: identity.tokenId,
    scope: scopes.join(' '),
    exp,
    ...(renewAt !== undefined && { renew: renewAt }),
    ...(datasetsPrint !== undefined && { ds: datasetsPrint }),
  };
  return `${prefix}${labelOf(identity)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
}

/** Undefined where the name was not made here. */
export function namedConnection(name: string): NamedConnection | undefined {
  // Behind the last dot, which base64url has not, whatever the label holds.
  const encoded = name.startsWith(prefix) ? name.slice(name.lastIndexOf('.') + 1) : undefined;
  if (encoded === undefined) return undefined;
  try {
    const { ds, renew, ...claims } = carried.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
    // Claims of the connection's own making: `tiat` and `tkid` say all that `iat` and a signature would.
    const identity = identityOfAuthority({ ...claims, aud: '', iat: claims.tiat }, claims.tkid);
    return { holder: new Holder(identity, claims.exp), renewAt: renew, datasetsPrint: ds };
  } catch {
    return undefined;
  }
}

/** For logs. */
export const labelOf = ({ keyId, tokenId }: Identity): string =>
  keyId === undefined ? `token-${tokenId}` : `key-${keyId}`;
