import {
  accessClaims,
  accessKeyFinder,
  Holder,
  identityOf,
  Judge,
  nowSeconds,
  RightsView,
  SharedWork,
  SIGNING_KEYS,
  TokenFault,
  tokenTypes,
  VerifiedCache,
  verifyToken,
  type KeyView,
} from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import type { Principal } from './principal.ts';
import { Principals } from './principals.ts';

/** From the text of an access token to its principal. What it was may be cached; whether it still holds is asked each time. */
@Injectable()
export class TokenVerifier {
  private readonly cache = new VerifiedCache<Holder>();
  private readonly verifying = new SharedWork<Holder>();
  private readonly principals: Principals;
  /** What a connection sent last: most send it again, and comparing it takes a tenth of the time of hashing it. */
  private readonly lastSeen = new WeakMap<object, { readonly token: string; readonly holder: Holder }>();
  private readonly key: ReturnType<typeof accessKeyFinder>;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly rights: RightsView,
    private readonly judge: Judge,
  ) {
    this.principals = new Principals(judge);
    this.key = accessKeyFinder({ signingKeys, rights }, config.KEYPORT_PUBLIC_URL);
  }

  /**
   * Throws TOKEN_INVALID or TOKEN_REVOKED, naming the check; SERVICE_UNAVAILABLE while it cannot be known what is revoked
   * and allowed.
   */
  async verify(token: string, connection: object = {}): Promise<Principal> {
    this.judge.requireFresh();
    const holder = this.seenOn(connection, token) ?? this.known(token) ?? (await this.verifyAnew(token));
    if (this.lastSeen.get(connection)?.holder !== holder) this.lastSeen.set(connection, { token, holder });
    return this.principals.of(holder);
  }

  /** Whether the token verified before, so that verifying it costs next to nothing. */
  isKnown(token: string): boolean {
    return this.known(token) !== undefined;
  }

  /** What a token says, once its signature verified. Throws {@link TokenFault}; asks neither revocations nor rights. */
  async read(token: string): Promise<Holder> {
    // Addresses under which the deployment was reached earlier stay good, as long as the key of that time does.
    const audiences = [this.config.KEYPORT_PUBLIC_URL, ...this.signingKeys.issuers()];
    const expected = { typ: tokenTypes.access, claims: accessClaims, audiences, key: this.key };
    const { claims, kid } = await verifyToken(token, expected);
    const publicKey = this.signingKeys.has(kid) ? undefined : this.rights.publicKey(kid);
    return new Holder(identityOf(claims, kid, publicKey), claims.exp);
  }

  /** What was verified before, by a key that is still known: a signing key may be revoked. */
  private known(token: string): Holder | undefined {
    const holder = this.cache.get(token, nowSeconds());
    return holder && this.isSignedByKnown(holder) ? holder : undefined;
  }

  /** As {@link known}, of what the connection sent last. */
  private seenOn(connection: object, token: string): Holder | undefined {
    const last = this.lastSeen.get(connection);
    if (last?.token !== token || last.holder.exp <= nowSeconds()) return undefined;
    return this.isSignedByKnown(last.holder) ? last.holder : undefined;
  }

  private isSignedByKnown({ identity: { publicKeyId, signedBy } }: Holder): boolean {
    return publicKeyId !== undefined || this.signingKeys.has(signedBy);
  }

  private async verifyAnew(token: string): Promise<Holder> {
    try {
      return await this.verifying.share(token, async () => {
        const holder = await this.read(token);
        this.cache.set(token, holder);
        return holder;
      });
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      throw new KeyportError('TOKEN_INVALID', { check: error.check, reason: error.reason }, { cause: error });
    }
  }
}
