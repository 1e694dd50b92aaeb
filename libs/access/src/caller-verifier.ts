import { KeyportError } from '@keyport/contracts';
import { Caller } from './caller.ts';
import {
  busAudience,
  contextClaims,
  grantClaims,
  maxContextLifetimeSeconds,
  maxGrantLifetimeSeconds,
  tokenTypes,
} from './claims.ts';
import { Refusal, type Rights } from './effective-rights.ts';
import { Holder } from './holder.ts';
import { identityOfAuthority, type CallerIdentity } from './identity.ts';
import { Judge, type JudgeViews } from './judge.ts';
import type { KeyView } from './key-view.ts';
import { scopeIsHeld } from './rights.ts';
import { SharedWork } from './shared-work.ts';
import { maxBusTokenBytes } from './strict-jws.ts';
import { TokenFault } from './token-fault.ts';
import { VerifiedCache } from './verified-cache.ts';
import { nowSeconds, verifyToken, type VerifyingKey } from './verify.ts';

interface Verified {
  readonly exp: number;
  readonly holder: Holder<CallerIdentity>;
  /** The key that signed the authority itself, and who knows it. */
  readonly kid: string;
  readonly keys: KeyView;
  caller?: { readonly of: Caller; readonly rights: Rights };
}

/** Turns the authority header of a bus request into the caller: a gateway's context or auth's grant for a job. */
export class CallerVerifier {
  private readonly cache = new VerifiedCache<Verified>(10_000);
  private readonly verifying = new SharedWork<Verified>();
  private readonly judge: Judge;

  constructor(
    private readonly views: JudgeViews & { readonly contextKeys: KeyView },
    staleAfterMs = 0,
  ) {
    this.judge = new Judge(views, staleAfterMs);
  }

  /** Whether callers can be judged now. */
  get isReady(): boolean {
    return this.judge.gaps().length === 0;
  }

  /** Grows whenever a verdict on any caller may have changed. */
  get version(): number {
    return this.views.rights.version + this.views.revocations.version;
  }

  /**
   * Throws CONTEXT_INVALID; TOKEN_REVOKED for a context, and RIGHTS_LOST for a grant, whose token was revoked or whose
   * user may act no more; RIGHTS_LOST too for a grant with a right that is held no more. Where the contract admits such
   * grants the caller says so instead, and may nothing.
   */
  async verify(authority: string, { admitsRevokedGrants = false } = {}): Promise<Caller> {
    this.judge.requireFresh();
    const verified = this.known(authority) ?? (await this.verifyAnew(authority));
    const { identity } = verified.holder;
    const rights = await this.judge.rightsOf(verified.holder);
    if (!(rights instanceof Refusal) && holdsWhatWasFrozen(identity, rights)) {
      if (verified.caller?.rights !== rights) {
        verified.caller = { of: new Caller(identity, authority, false, rights), rights };
      }
      return verified.caller.of;
    }
    if (identity.jobId === undefined) throw revoked(rights as Refusal);
    if (!admitsRevokedGrants) throw new KeyportError('RIGHTS_LOST');
    return new Caller(identity, authority, true);
  }

  /** What was verified before, by a key that is still known. */
  private known(authority: string): Verified | undefined {
    const verified = this.cache.get(authority, nowSeconds());
    return verified?.keys.has(verified.kid) ? verified : undefined;
  }

  private async verifyAnew(authority: string): Promise<Verified> {
    try {
      return await this.verifying.share(authority, async () => {
        const verified = isGrant(authority) ? await this.grant(authority) : await this.context(authority);
        this.cache.set(authority, verified);
        return verified;
      });
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      throw new KeyportError('CONTEXT_INVALID', { check: error.check }, { cause: error });
    }
  }

  private async context(token: string): Promise<Verified> {
    const { contextKeys: keys } = this.views;
    const { claims, kid } = await verifyToken(token, {
      typ: tokenTypes.context,
      claims: contextClaims,
      audiences: [busAudience],
      maxBytes: maxBusTokenBytes,
      key: keyOf(keys, maxContextLifetimeSeconds),
    });
    return { exp: claims.exp, holder: new Holder(identityOfAuthority(claims, kid), claims.exp), kid, keys };
  }

  private async grant(token: string): Promise<Verified> {
    const { signingKeys: keys } = this.views;
    const { claims, kid } = await verifyToken(token, {
      typ: tokenTypes.grant,
      claims: grantClaims,
      audiences: [busAudience],
      maxBytes: maxBusTokenBytes,
      key: keyOf(keys, maxGrantLifetimeSeconds),
    });
    return { exp: claims.exp, holder: new Holder(identityOfAuthority(claims, kid), claims.exp), kid, keys };
  }
}

const keyOf = (keys: KeyView, maxLifetimeSeconds: number) => async (kid: string, alg: string) => {
  const key = await keys.find(kid, alg);
  return key && ({ key, maxLifetimeSeconds } satisfies VerifyingKey);
};

/** A grant holds what its job needs and no more: with one right gone the job cannot go on. */
const holdsWhatWasFrozen = ({ jobId, scopes }: CallerIdentity, now: Rights): boolean =>
  jobId === undefined || scopes.every((scope) => scopeIsHeld(scope, now.scopes));

const revoked = ({ check, reason }: Refusal) => new KeyportError('TOKEN_REVOKED', { check, reason });

/** Only chooses which rules to apply; each rule set then insists on its own `typ`. */
function isGrant(token: string): boolean {
  const [header = ''] = token.split('.', 1);
  return Buffer.from(header, 'base64url').includes(tokenTypes.grant);
}
