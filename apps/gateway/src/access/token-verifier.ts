import {
  AccessTokenReader,
  isExternal,
  Judge,
  nowSeconds,
  SharedWork,
  SIGNING_KEYS,
  TokenFault,
  VerifiedCache,
  type Holder,
  type KeyView,
} from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { ExternalKeys } from './external-keys.ts';
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

  constructor(
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly reader: AccessTokenReader,
    private readonly externals: ExternalKeys,
    private readonly judge: Judge,
  ) {
    this.principals = new Principals(judge);
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
    await this.externals.prepare(token);
    return (await this.reader.read(token)).holder;
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

  private isSignedByKnown(holder: Holder): boolean {
    const { publicKeyId, signedBy } = holder.identity;
    if (isExternal(holder.identity)) return this.reader.direct.stillHolds(holder);
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
