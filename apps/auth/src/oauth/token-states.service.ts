import {
  AccessTokenReader,
  Holder,
  isExternal,
  Judge,
  Refusal,
  RevocationView,
  RightsView,
  SIGNING_KEYS,
  TokenFault,
  type Identity,
  type KeyView,
  type ReadAccessToken,
  type Rights,
} from '@keyport/access';
import type { Introspection } from '@keyport/contracts';
import { STALE_VIEW_MS } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { keyportClientId } from '../clients/client-authentication.service.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';

/** Reads access tokens as gateways do, by the same verifier and from the same views. */
@Injectable()
export class TokenStatesService {
  private readonly reader: AccessTokenReader;
  private readonly judge: Judge;

  constructor(
    @Inject(SIGNING_KEYS) signingKeys: KeyView,
    rights: RightsView,
    revocations: RevocationView,
    @Inject(STALE_VIEW_MS) staleMs: number,
    @Inject(AUTH_CONFIG) config: AuthConfig,
  ) {
    this.reader = new AccessTokenReader({ signingKeys, rights }, config.KEYPORT_PUBLIC_URL);
    this.judge = new Judge({ signingKeys, revocations, rights }, staleMs);
  }

  /** A token whose signature verifies, alive or not; undefined for any other text. */
  async read(token: string): Promise<ReadAccessToken | undefined> {
    try {
      return await this.reader.read(token);
    } catch (error) {
      if (error instanceof TokenFault) return undefined;
      throw error;
    }
  }

  /** What it may do now. Throws SERVICE_UNAVAILABLE while nobody can say. */
  async rightsOf(holder: Holder): Promise<Rights | Refusal> {
    this.judge.requireFresh();
    return this.judge.rightsOf(holder);
  }

  /** Whether a token of another issuer was revoked. Throws SERVICE_UNAVAILABLE while nobody can say. */
  revocationOf(identity: Identity, exp: number): Refusal | undefined {
    this.judge.requireFresh();
    return this.judge.revocationOf(new Holder(identity, exp));
  }

  /** What the token is now (RFC 7662 §2.2). Throws SERVICE_UNAVAILABLE while nobody can say. */
  async describe({ holder, claims }: ReadAccessToken): Promise<Introspection> {
    const rights = await this.rightsOf(holder);
    if (rights instanceof Refusal) return { active: false };
    const { details } = rights;
    return {
      active: true,
      scope: rights.scopes.join(' '),
      ...(isExternal(holder.identity) ? {} : { client_id: claims.client_id ?? keyportClientId }),
      token_type: claims.cnf ? 'DPoP' : 'Bearer',
      ...{ exp: claims.exp, iat: claims.iat, sub: claims.sub, aud: claims.aud, iss: claims.iss, jti: claims.jti },
      ...(claims.nbf !== undefined && { nbf: claims.nbf }),
      ...(claims.cnf && { cnf: claims.cnf }),
      ...(details && { authorization_details: [...details] }),
    };
  }
}
