import { nowSeconds, readStrictAssertion, TokenFault, type UnverifiedAssertion } from '@keyport/access';
import { compactVerify, importJWK } from 'jose';
import { readAssertionClaims, requireUsable, type AssertionClaims } from '../assertions/assertion-rules.ts';
import type { Client, ClientJwk } from './client.model.ts';

/** `client-authentication+jwt` is what draft-ietf-oauth-rfc7523bis asks for; before it none was, and `JWT` was common. */
const types = [undefined, 'jwt', 'client-authentication+jwt'];

export interface PresentedAssertion {
  readonly text: string;
  readonly header: UnverifiedAssertion['header'];
  readonly claims: AssertionClaims;
}

/** RFC 7523 §3: `iss` and `sub` are the client. Nothing is verified yet. Throws {@link TokenFault}. */
export function readClientAssertion(text: string): PresentedAssertion {
  const { header, payload } = readStrictAssertion(text, types);
  const claims = readAssertionClaims(payload);
  if (claims.iss !== claims.sub) throw new TokenFault('issuer', 'iss and sub are not the same client');
  return { text, header, claims };
}

/** Throws {@link TokenFault} unless a key of the client signed it, for this deployment, for now. */
export async function verifyClientAssertion(
  { text, header, claims }: PresentedAssertion,
  client: Client,
  isOurs: (audience: string) => boolean,
): Promise<void> {
  requireUsable(claims, isOurs, nowSeconds());
  const key = client.jwks?.keys.find((candidate) => mayHaveSigned(candidate, header));
  if (!key) throw new TokenFault('key', 'no key of the client has this kid and alg');
  try {
    // Which of its names EdDSA has was looked at when the header was read (RFC 9864).
    const algorithms = key.alg === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [key.alg];
    await compactVerify(text, await importJWK({ ...key }, key.alg), { algorithms });
  } catch {
    throw new TokenFault('signature', 'the signature does not verify');
  }
}

/** A client with one key need not name it. */
const mayHaveSigned = ({ kid, alg }: ClientJwk, header: UnverifiedAssertion['header']): boolean =>
  alg === header.alg && (header.kid === undefined || kid === undefined || kid === header.kid);
