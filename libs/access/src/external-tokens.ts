import type { IssuerRights } from '@keyport/contracts';
import { importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';
import { Holder } from './holder.ts';
import type { Identity } from './identity.ts';
import type { KeyView } from './key-view.ts';
import type { RightsView } from './rights-view.ts';
import { mappedScopes } from './scope-mapping.ts';
import { parseStrictJson } from './strict-json.ts';
import { maxTokenBytes, mediaType, othersHeader } from './strict-jws.ts';
import { verifyToken, type VerifiedToken } from './verify.ts';

const seconds = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
// eslint-disable-next-line no-control-regex -- what nobody sees in a log
const text = z.string().regex(/^[^\u0000-\u001f\u007f]{1,512}$/, 'must be text of 1 to 512 characters');
/** One audience; a list of one is one too (RFC 7519 §4.1.3). */
const audience = z.union([
  text,
  z
    .array(text)
    .length(1)
    .transform(([one]) => one as string),
]);

/** OpenID Connect Core §2: 255 characters at most; with its issuer's it makes the `sub` of what is given for it. */
const subject = text.max(255);

/** What is read of a token of another issuer. What else it says is for the mapping alone, and means nothing here. */
const externalClaims = z.looseObject({
  ...{ iss: text, sub: subject, aud: audience, iat: seconds, exp: seconds },
  nbf: seconds.optional(),
  jti: text.optional(),
  /** Bound to a key (RFC 9449 §6.1); bound to something else is what nobody here could check. */
  cnf: z.strictObject({ jkt: z.string().regex(/^[\w-]{43}$/) }).optional(),
});
export type ExternalClaims = z.output<typeof externalClaims>;

/** RFC 9068 §2.2: an access token has an id, and can be revoked by it. */
const identifiedClaims = externalClaims.extend({ jti: text });

/** The kinds of tokens that others issue, by the `typ` that they bear unless the issuer is registered with another. */
const types = {
  /** RFC 9068 §2.1. */
  accessToken: ['at+jwt'],
  /** OpenID Connect Core §2 and RFC 7523 name none. */
  idToken: ['jwt', undefined],
  assertion: ['jwt', undefined],
  any: ['at+jwt', 'jwt', undefined],
} as const;
export type ExternalKind = keyof typeof types;

export interface ExternalExpectation {
  readonly kind: ExternalKind;
  /** Whether it must have a `jti`. */
  readonly isIdentified: boolean;
  /** The issuer's audience unless told. */
  readonly audiences?: readonly string[];
  /** Seconds; the issuer's maximum where that is less. */
  readonly maxLifetimeSeconds?: number;
}

/** Verifies a token of another issuer by what it was registered with. Throws TokenFault. */
export function verifyExternal(
  token: string,
  issuer: IssuerRights,
  expected: ExternalExpectation,
): Promise<VerifiedToken<typeof externalClaims>> {
  const { audiences = [issuer.audience], maxLifetimeSeconds = Infinity } = expected;
  return verifyToken(token, {
    typ: issuer.typ === null ? types[expected.kind] : [mediaType(issuer.typ)],
    claims: expected.isIdentified ? identifiedClaims : externalClaims,
    audiences,
    header: othersHeader,
    key: async (kid, alg) => {
      const key = await issuerKey(issuer, kid, alg);
      return (
        key && {
          key,
          issuers: [issuer.issuer],
          maxLifetimeSeconds: Math.min(issuer.maxLifetimeSeconds, maxLifetimeSeconds),
          isHidden: true,
        }
      );
    },
  });
}

/** By entry, since a changed one is another object. */
const imported = new WeakMap<IssuerRights, Map<string, Promise<CryptoKey | undefined>>>();

/** The issuer's key of that name, where it is made for the algorithm. */
async function issuerKey(issuer: IssuerRights, kid: string, alg: string): Promise<CryptoKey | undefined> {
  const jwk = issuer.keys.find((key) => key.kid === kid && key.alg === alg);
  if (!jwk) return undefined;
  const keys = imported.get(issuer) ?? new Map<string, Promise<CryptoKey | undefined>>();
  imported.set(issuer, keys);
  const name = `${alg} ${kid}`;
  const known = keys.get(name);
  if (known) return known;
  // A key that cannot be imported is as good as unknown.
  const key = (importJWK(jwk as JWK, alg) as Promise<CryptoKey>).catch(() => undefined);
  keys.set(name, key);
  return key;
}

/** An issuer whose tokens are accepted as they are, and the key that one of them names. */
export interface DirectIssuer {
  readonly issuerId: string;
  readonly kid: string;
}

interface Sources {
  readonly signingKeys: Pick<KeyView, 'issuers'>;
  readonly rights: Pick<RightsView, 'hasDirectIssuers' | 'directIssuerId' | 'issuer'>;
}

/** Tokens of other issuers that are accepted as they are, by what those were registered with, from memory alone. */
export class DirectTokens {
  /** By what each was verified: another entry may give other rights, or none. */
  private readonly verifiedBy = new WeakMap<Holder, IssuerRights>();

  constructor(
    private readonly sources: Sources,
    private readonly publicUrl: string,
  ) {}

  /** By whose rules a token is to be judged; undefined for those of this deployment, whatever others have registered. */
  issuerOf(token: string): DirectIssuer | undefined {
    const { rights, signingKeys } = this.sources;
    if (!rights.hasDirectIssuers) return undefined;
    const named = namedIssuer(token);
    if (!named || named.iss === this.publicUrl || signingKeys.issuers().includes(named.iss)) return undefined;
    const issuerId = rights.directIssuerId(named.iss);
    return issuerId === undefined ? undefined : { issuerId, kid: named.kid };
  }

  hasKey({ issuerId, kid }: DirectIssuer): boolean {
    return this.sources.rights.issuer(issuerId)?.keys.some((key) => key.kid === kid) ?? false;
  }

  /** Throws TokenFault. */
  async read(token: string, { issuerId }: DirectIssuer): Promise<{ holder: Holder; claims: ExternalClaims }> {
    const issuer = this.sources.rights.issuer(issuerId) ?? nobody;
    const { claims, kid } = await verifyExternal(token, issuer, { kind: 'accessToken', isIdentified: true });
    const holder = new Holder(identityOfExternal(claims, kid, issuerId, issuer), claims.exp, claims.cnf?.jkt);
    this.verifiedBy.set(holder, issuer);
    return { holder, claims };
  }

  /** Whether what was verified would be verified alike now. */
  stillHolds(holder: Holder): boolean {
    return this.verifiedBy.get(holder) === this.sources.rights.issuer(holder.identity.issuerId ?? '');
  }
}

/** One that was deleted while its token was looked at. */
const nobody: IssuerRights = {
  ...{ kind: 'issuer', issuer: '', audience: '', typ: null, trust: 'direct' },
  ...{ scopeMapping: [], ceiling: [], maxLifetimeSeconds: 0, keys: [] },
};

/**
 * `iss` and `kid` as a token says them before anything is verified: only to choose by which rules it is judged. Undefined
 * for what cannot be read, which those of this deployment then refuse.
 */
export function namedIssuer(token: string): { readonly iss: string; readonly kid: string } | undefined {
  if (token.length > maxTokenBytes) return undefined;
  const [header, payload, ...rest] = token.split('.');
  if (rest.length !== 1) return undefined;
  try {
    const { iss } = parseStrictJson(decoded(payload));
    const { kid } = parseStrictJson(decoded(header));
    return typeof iss === 'string' ? { iss, kid: typeof kid === 'string' ? kid : '' } : undefined;
  } catch {
    return undefined;
  }
}

const decoded = (part = '') => Buffer.from(part, 'base64url').toString('utf8');

/** Of a token that was accepted as it is: no user and no client of this deployment, whatever it says of those. */
export function identityOfExternal(
  claims: ExternalClaims,
  kid: string,
  issuerId: string,
  { scopeMapping }: Pick<IssuerRights, 'scopeMapping'>,
): Identity {
  return {
    issuer: claims.iss,
    subject: claims.sub,
    tokenId: claims.jti ?? '',
    issuedAt: claims.iat,
    signedBy: kid,
    keyId: undefined,
    sessionId: undefined,
    publicKeyId: undefined,
    userId: undefined,
    clientId: undefined,
    issuerId,
    ancestors: [],
    scopes: mappedScopes(scopeMapping, claims),
    details: undefined,
    origin: undefined,
  };
}
