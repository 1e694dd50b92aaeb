import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { compactJws, es256, type Signer } from '@keyport/testing';
import type { Workshop } from './workshop.ts';

export const otherIssuerKid = 'of-the-company';
/** What its tokens are for. */
export const companyAudience = 'https://keyport.company.example';

type Members = Readonly<Record<string, unknown>>;

/** Another issuer, registered with its key, whose tokens are accepted as they are. Its ceiling is `records:read:orders`. */
export class OtherIssuer {
  private static readonly made = new WeakMap<Workshop, Promise<OtherIssuer>>();

  private constructor(
    readonly id: string,
    readonly issuer: string,
    private readonly privateKey: KeyObject,
  ) {}

  /** The one of the workshop. */
  static of(workshop: Workshop): Promise<OtherIssuer> {
    const made = this.made.get(workshop) ?? this.registeredIn(workshop);
    this.made.set(workshop, made);
    return made;
  }

  /** With more in its ceiling, which its group `more` gets. */
  static async registeredIn({ owner }: Workshop, ...more: string[]): Promise<OtherIssuer> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const issuer = `https://${randomUUID()}.example`;
    const { id } = await owner.ok<{ id: string }>('/v1/issuers', {
      method: 'POST',
      json: {
        ...{ issuer, audience: companyAudience, trust: 'direct', maxLifetimeSeconds: 600 },
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: otherIssuerKid }] },
        scopeMapping: [
          { claim: 'groups', value: 'data', scopes: ['records:read:orders'] },
          { claim: 'groups', value: 'all', scopes: ['records:*:*', 'keys:*'] },
          ...(more.length > 0 ? [{ claim: 'groups', value: 'more', scopes: more }] : []),
        ],
        ceiling: ['records:read:orders', ...more],
      },
    });
    return new OtherIssuer(id, issuer, privateKey);
  }

  /** A good one, unless told; a member that is undefined is left out. */
  token(header: Members = {}, claims: Members = {}, sign: Signer = es256(this.privateKey)): string {
    const iat = Math.floor(Date.now() / 1000);
    const said = { iss: this.issuer, sub: 'alice', aud: companyAudience, iat, exp: iat + 60, jti: randomUUID() };
    return compactJws(
      JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: otherIssuerKid, ...header }),
      JSON.stringify({ ...said, groups: ['data'], ...claims }),
      sign,
    );
  }
}
