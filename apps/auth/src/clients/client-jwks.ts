import { KeyportError } from '@keyport/contracts';
import { readPublicJwk } from '../public-keys/public-jwk.ts';
import type { ClientJwk } from './client.model.ts';

type Jwk = Readonly<Record<string, unknown>>;

const refuse = (reason: string): never => {
  throw new KeyportError('PUBLIC_KEY_INVALID', { reason });
};

/** The key set of a client, each key as strictly read as one that a user registers. Throws PUBLIC_KEY_INVALID. */
export async function readClientJwks(keys: readonly Jwk[]): Promise<readonly ClientJwk[]> {
  const read = await Promise.all(keys.map(readKey));
  const names = read.flatMap(({ kid }) => kid ?? []);
  if (new Set(names).size < names.length) refuse('two keys have the same kid');
  // RFC 7517 §4.5: with several keys an assertion says by `kid` which of them signed it.
  if (read.length > 1 && names.length < read.length) refuse('of several keys each must have a kid');
  return read;
}

async function readKey(jwk: Jwk): Promise<ClientJwk> {
  const { members, alg } = await readPublicJwk(jwk);
  const { kid } = jwk;
  if (kid === undefined) return { ...members, kty: members.kty ?? '', alg };
  if (typeof kid !== 'string' || !/^[\w.:-]{1,200}$/.test(kid)) return refuse('kid is not a key id');
  return { ...members, kty: members.kty ?? '', alg, kid };
}
