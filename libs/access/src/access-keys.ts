import { maxAccessLifetimeSeconds } from './claims.ts';
import { arrivalMs, isYoung } from './judge.ts';
import type { KeyView } from './key-view.ts';
import type { RightsView } from './rights-view.ts';
import type { VerifyingKey } from './verify.ts';

/** What only auth may say of a token. */
const refusedInSelfIssued = ['key', 'anc', 'sid', 'act', 'idp', 'origin'];

export interface AccessKeySources {
  readonly signingKeys: Pick<KeyView, 'find' | 'issuersOf'>;
  readonly rights: Pick<RightsView, 'publicKey' | 'verifyingKey' | 'awaitEntry'>;
}

/**
 * The key that an access token's `kid` names, and what it may sign: a signing key of this deployment, for any of its
 * addresses, or a registered public key, for one issuer, one user and a life as registered. From memory alone.
 */
export const accessKeyFinder =
  ({ signingKeys, rights }: AccessKeySources, publicUrl: string) =>
  async (kid: string, alg: string, iat: unknown): Promise<VerifyingKey | undefined> => {
    const own = await signingKeys.find(kid, alg);
    if (own) {
      const issuers = [publicUrl, ...signingKeys.issuersOf(kid)];
      return { key: own, issuers, maxLifetimeSeconds: maxAccessLifetimeSeconds };
    }
    if (!rights.publicKey(kid) && kid.startsWith('pk-') && typeof iat === 'number' && isYoung(iat)) {
      await rights.awaitEntry(`public-key.${kid}`, arrivalMs);
    }
    const entry = rights.publicKey(kid);
    const key = await rights.verifyingKey(kid, alg);
    if (!entry || !key) return undefined;
    return {
      key,
      issuers: [entry.issuer],
      subject: entry.userId,
      maxLifetimeSeconds: entry.maxLifetimeSeconds,
      notAfter: entry.expiresAt ?? undefined,
      refusedClaims: refusedInSelfIssued,
      isHidden: true,
    };
  };
