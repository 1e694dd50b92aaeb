import {
  fileAudience,
  Holder,
  identityOfLink,
  Judge,
  linkClaims,
  maxBusTokenBytes,
  maxLinkLifetimeSeconds,
  nowSeconds,
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
import type { Principal } from './principal.ts';
import { Principals } from './principals.ts';

interface VerifiedLink {
  readonly exp: number;
  readonly exportId: string;
  /** Of the key that signed the link itself. */
  readonly kid: string;
  readonly holder: Holder;
}

/** Downloads at the same time, and ranges of them; a link is verified anew where it was forgotten. */
const rememberedLinks = 10_000;

/** From the token of a link to who made it, as the access tokens' verifier does: cached, then judged on every request. */
@Injectable()
export class LinkVerifier {
  private readonly cache = new VerifiedCache<VerifiedLink>(rememberedLinks);
  private readonly verifying = new SharedWork<VerifiedLink>();
  private readonly principals: Principals;

  constructor(
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly judge: Judge,
  ) {
    this.principals = new Principals(judge);
  }

  /**
   * Throws TOKEN_INVALID or TOKEN_REVOKED, naming the check; SERVICE_UNAVAILABLE while it cannot be known what is revoked
   * and allowed.
   */
  async verify(token: string, exportId: string): Promise<Principal> {
    this.judge.requireFresh();
    const link = this.known(token, exportId) ?? (await this.verifyAnew(token, exportId));
    return this.principals.of(link.holder);
  }

  isKnown(token: string, exportId: string): boolean {
    return this.known(token, exportId) !== undefined;
  }

  private known(token: string, exportId: string): VerifiedLink | undefined {
    const link = this.cache.get(token, nowSeconds());
    const holds = link?.exportId === exportId && this.signingKeys.has(link.kid);
    return holds ? link : undefined;
  }

  private async verifyAnew(token: string, exportId: string): Promise<VerifiedLink> {
    try {
      return await this.verifying.share(`${exportId} ${token}`, async () => {
        const link = await this.read(token, exportId);
        this.cache.set(token, link);
        return link;
      });
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      const reason = error.check === 'audience' ? 'the link is for another file' : error.reason;
      throw new KeyportError('TOKEN_INVALID', { check: error.check, reason }, { cause: error });
    }
  }

  private async read(token: string, exportId: string): Promise<VerifiedLink> {
    const { claims, kid } = await verifyToken(token, {
      typ: tokenTypes.link,
      claims: linkClaims,
      audiences: [fileAudience(exportId)],
      maxBytes: maxBusTokenBytes,
      key: async (named, alg) => {
        const key = await this.signingKeys.find(named, alg);
        return key && { key, maxLifetimeSeconds: maxLinkLifetimeSeconds };
      },
    });
    return { exp: claims.exp, exportId, kid, holder: new Holder(identityOfLink(claims, kid), claims.exp) };
  }
}
