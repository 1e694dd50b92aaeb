import { KeyportError, type IssuerRights } from '@keyport/contracts';
import { readPublicJwk } from '../public-keys/public-jwk.ts';

/** One entry a `kid` and algorithm. */
export type VerifyingJwk = IssuerRights['keys'][number];
type Jwk = Readonly<Record<string, unknown>>;

export interface KeySet {
  readonly keys: readonly VerifyingJwk[];
  /** Why keys of the set are not used, one sentence; null where all are. */
  readonly problem: string | null;
}

const maxKeys = 100;
const maxProblemCharacters = 500;
/** RFC 7517 §4.6 to §4.9 and others: what says something of a key, and is not looked at. */
const describing = /^(?:x5.+|iat|nbf|exp|iss|issuer)$/;
const otherUse = 'it is for something else';

/** The keys that somebody gives: one that cannot be used is refused. Throws PUBLIC_KEY_INVALID, ISSUER_INVALID. */
export async function givenKeySet(jwks: readonly Jwk[]): Promise<KeySet> {
  const keys = await Promise.all(jwks.map(readKey));
  const repeated = repeatedIn(keys.flat());
  if (repeated !== undefined) throw new KeyportError('ISSUER_INVALID', { reason: `the kid ${repeated} stands twice` });
  return { keys: keys.flat(), problem: null };
}

/**
 * The keys of a set that was fetched. Those for something else (encryption, other algorithms) are passed over, and so are
 * weak ones, which a registration refuses (`isFirst`). Throws ISSUER_KEYS_UNAVAILABLE, and PUBLIC_KEY_INVALID for a weak
 * one.
 */
export async function fetchedKeySet(set: unknown, { isFirst }: { readonly isFirst: boolean }): Promise<KeySet> {
  const jwks = jwksIn(set);
  const found = new Map<string, readonly VerifyingJwk[]>();
  const problems: string[] = [];
  for (const jwk of jwks) {
    const name = typeof jwk.kid === 'string' ? jwk.kid : 'without kid';
    const use = otherUseOf(jwk);
    if (use === undefined && found.has(name)) problems.push(`${name}: the kid stands twice`);
    else if (use === undefined) {
      const keys = await readKey(jwk).catch((error: unknown) => problemOf(error, isFirst));
      if (typeof keys === 'string') problems.push(`${name}: ${keys}`);
      else found.set(name, keys);
    } else problems.push(`${name}: ${use}`);
  }
  const problem = problems.length === 0 ? null : problems.join('; ').slice(0, maxProblemCharacters);
  return { keys: [...found.values()].flat(), problem };
}

function jwksIn(set: unknown): readonly Jwk[] {
  const { keys } = (typeof set === 'object' && set !== null ? set : {}) as { readonly keys?: unknown };
  const isSet = Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null);
  if (!isSet) throw new KeyportError('ISSUER_KEYS_UNAVAILABLE', { reason: 'it is no JSON Web Key Set' });
  if (keys.length > maxKeys)
    throw new KeyportError('ISSUER_KEYS_UNAVAILABLE', { reason: `it holds more than ${maxKeys} keys` });
  return keys as Jwk[];
}

function problemOf(error: unknown, isFirst: boolean): string {
  if (!(error instanceof KeyportError) || isFirst) throw error;
  return String(error.params.reason);
}

/** Kinds of keys that a provider may well have beside those that sign tokens for Keyport. */
function otherUseOf({ use, kty, crv, alg, kid }: Jwk): string | undefined {
  if (typeof kid !== 'string') return 'tokens name their key, and this one has no name';
  if (use !== undefined && use !== 'sig') return otherUse;
  const kind = `${String(kty)} ${String(crv)}`;
  const algorithms: Readonly<Record<string, readonly string[]>> = {
    'EC P-256': ['ES256'],
    'OKP Ed25519': ['EdDSA', 'Ed25519'],
    'RSA undefined': ['PS256', 'RS256'],
  };
  const fitting = algorithms[kind];
  return fitting && (alg === undefined || fitting.some((one) => one === alg)) ? undefined : otherUse;
}

/** Entries for each algorithm that tokens signed with it may name: of an RSA key that does not say, both. */
async function readKey(jwk: Jwk): Promise<readonly VerifyingJwk[]> {
  const { kid } = jwk;
  if (typeof kid !== 'string' || !/^[!-~]{1,200}$/.test(kid))
    throw new KeyportError('PUBLIC_KEY_INVALID', { reason: 'kid must be a name of at most 200 visible characters' });
  const named = Object.fromEntries(Object.entries(jwk).filter(([name]) => !describing.test(name)));
  // RFC 9864 gives the algorithm of Ed25519 a name of its own; tokens still say EdDSA.
  const { members, alg } = await readPublicJwk({ ...named, ...(jwk.alg === 'Ed25519' && { alg: 'EdDSA' }) });
  const algs = members.kty === 'RSA' && jwk.alg === undefined ? ['RS256', 'PS256'] : [alg];
  return algs.map((one) => ({ ...members, kty: members.kty ?? '', kid, alg: one }));
}

function repeatedIn(keys: readonly VerifyingJwk[]): string | undefined {
  const names = keys.map(({ kid, alg }) => `${alg} ${kid}`);
  const index = names.findIndex((name, at) => names.indexOf(name) !== at);
  return keys[index]?.kid;
}
