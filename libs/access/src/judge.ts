import { KeyportError } from '@keyport/contracts';
import { Refusal, type Rights } from './effective-rights.ts';
import type { Holder } from './holder.ts';
import { registeredClientOf, type Identity } from './identity.ts';
import type { KeyView } from './key-view.ts';
import { revocationKeysOf } from './revocation-keys.ts';
import type { RevocationView } from './revocation-view.ts';
import type { RightsView } from './rights-view.ts';
import { clockSkewSeconds, nowSeconds } from './verify.ts';

/** Milliseconds in which what auth made a moment ago may still arrive here. */
export const arrivalMs = 500;
/** Seconds for which a token counts as made a moment ago. */
const youngSeconds = 5;

export interface JudgeViews {
  readonly signingKeys: KeyView;
  readonly revocations: RevocationView;
  readonly rights: RightsView;
  /** In services: those of the gateways. */
  readonly contextKeys?: KeyView;
}

/** What makes a view's answer no answer. */
interface Gap {
  readonly view: string;
  readonly code: 'not_read' | 'stale';
  readonly message: string;
}

type Contact = Pick<KeyView, 'isReady' | 'contactAt'>;

/** Decides, on every request and in memory, whether a token that verified is still good, and for what. */
export class Judge {
  private readonly named: readonly (readonly [name: string, Contact])[];

  constructor(
    private readonly views: JudgeViews,
    /** Milliseconds without contact with JetStream after which nothing is believed; 0: believed for ever. */
    private readonly staleAfterMs: number,
  ) {
    const { contextKeys } = views;
    this.named = [
      ['signing-keys', views.signingKeys],
      ['revocations', views.revocations],
      ['rights', views.rights],
      ...(contextKeys ? [['context-keys', contextKeys] as const] : []),
    ];
  }

  get viewNames(): readonly string[] {
    return this.named.map(([name]) => name);
  }

  /** Views that were not read yet, or that have been out of touch with JetStream for too long. */
  gaps(): readonly Gap[] {
    const now = Date.now();
    return this.named.flatMap(([name, view]) => this.gapOf(name, view, now) ?? []);
  }

  /** Throws SERVICE_UNAVAILABLE, naming the views, where nobody can say what is revoked or allowed now. */
  requireFresh(): void {
    const now = Date.now();
    if (this.named.every(([, view]) => view.isReady && !this.isStale(view, now))) return;
    const gaps = this.gaps();
    const errors = gaps.map(({ view, code, message }) => ({ path: view, code, message }));
    const service = gaps.some(({ code }) => code === 'not_read') ? 'auth' : 'bus';
    throw new KeyportError('SERVICE_UNAVAILABLE', { service }, { errors });
  }

  /** What the token may do now; waits a moment for a user, public key or client that a token just made may belong to. */
  async rightsOf(holder: Holder): Promise<Rights | Refusal> {
    const rights = this.rightsNow(holder);
    if (!(rights instanceof Refusal) || rights.check === 'revocation') return rights;
    if (holder.isKnown || !isYoung(holder.identity.issuedAt)) return rights;
    await this.arrivalOf(holder.identity);
    return this.rightsNow(holder);
  }

  /** As {@link rightsOf}, of this very moment. */
  rightsNow(holder: Holder): Rights | Refusal {
    return this.revocationOf(holder) ?? holder.rightsNow(this.views.rights);
  }

  revocationOf({ identity, revocationPrints, revokedFrom, originPrints }: Holder): Refusal | undefined {
    const { revocations } = this.views;
    const origin = originPrints.length > 0 ? revocations.find(originPrints, identity.origin?.ext?.iat ?? 0) : -1;
    if (origin >= 0) return new Refusal('revocation', 'the token that it was exchanged from was revoked');
    const index = revocations.find(revocationPrints, revokedFrom);
    if (index < 0) return undefined;
    const [level = ''] = (revocationKeysOf(identity)[index] ?? '').split('.', 1);
    return new Refusal('revocation', index === 0 ? 'the token was revoked' : (reasons[level] ?? 'it was revoked'));
  }

  private isStale({ contactAt }: Contact, now: number): boolean {
    return this.staleAfterMs !== 0 && now - contactAt > this.staleAfterMs;
  }

  private gapOf(name: string, view: Contact, now: number): Gap | undefined {
    if (!view.isReady) return { view: name, code: 'not_read', message: 'has not been read yet' };
    if (!this.isStale(view, now)) return undefined;
    const seconds = Math.floor((now - view.contactAt) / 1000);
    return { view: name, code: 'stale', message: `out of touch with JetStream for ${seconds} s` };
  }

  private async arrivalOf(identity: Identity): Promise<void> {
    const { rights } = this.views;
    const { userId, publicKeyId, issuerId } = identity;
    const clientId = registeredClientOf(identity);
    if (userId !== undefined) await rights.awaitEntry(`user.${userId}`, arrivalMs);
    if (publicKeyId !== undefined) await rights.awaitEntry(`public-key.${publicKeyId}`, arrivalMs);
    if (clientId !== undefined) await rights.awaitEntry(`client.${clientId}`, arrivalMs);
    if (issuerId !== undefined) await rights.awaitEntry(`issuer.${issuerId}`, arrivalMs);
  }
}

/** Whether something was made so short ago that not all have heard of it. */
export const isYoung = (issuedAt: number): boolean =>
  Math.abs(nowSeconds() - issuedAt) <= youngSeconds + clockSkewSeconds;

/** By level of the revocation; of a token itself it is said before. */
const reasons: Readonly<Record<string, string>> = {
  jti: 'a token or public key that it was made through was revoked',
  key: 'its key was revoked',
  sub: 'what its principal was given until then was revoked',
  client: 'its client was revoked',
  kid: 'the key that signed it was revoked',
  iss: 'what its issuer had issued until then was revoked',
  sid: 'its session has ended',
};
