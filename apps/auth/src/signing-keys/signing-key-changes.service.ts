import { setTimeout as delay } from 'node:timers/promises';
import { clockSkewSeconds, maxGrantLifetimeSeconds, type Caller } from '@keyport/access';
import { KeyportError, type listSigningKeys, type ReplyOf } from '@keyport/contracts';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { RevocationsService } from '../revocations/revocations.service.ts';
import { KeySetProjection } from './key-set-projection.ts';
import { SignedKeysService } from './signed-keys.service.ts';
import { SigningKeyMaker } from './signing-key-maker.ts';
import type { SigningKey } from './signing-key.model.ts';
import { SigningKeysRepository } from './signing-keys.repository.ts';

/** Milliseconds that a request may wait for the standby key to be known; its contract waits for a minute. */
const longestWaitMs = 45_000;
const keptMs = (maxGrantLifetimeSeconds + clockSkewSeconds) * 1000;

/** Changes which key signs. Standby, current, previous, revoked: a key goes through these in this order only. */
@Injectable()
export class SigningKeyChangesService {
  private readonly logger = new Logger(SigningKeyChangesService.name);

  constructor(
    private readonly keys: SigningKeysRepository,
    private readonly maker: SigningKeyMaker,
    private readonly keySet: KeySetProjection,
    private readonly signedKeys: SignedKeysService,
    private readonly revocations: RevocationsService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  async list(caller: Caller): Promise<ReplyOf<typeof listSigningKeys>> {
    caller.require('signing-keys:read');
    return { items: (await this.keys.all()).map(toReply) };
  }

  /**
   * Lets the standby key sign. Several at once do it one after the other, each with the standby key that the one before has
   * made. Throws SIGNING_KEY_TOO_NEW where that must be known for longer than a request can wait.
   */
  async rotate(caller: Caller): Promise<ReplyOf<typeof listSigningKeys>> {
    caller.require('signing-keys:update');
    for (;;) {
      const standby = await this.standby();
      await this.untilKnown(standby);
      const next = await this.maker.make('standby', standby.issuers);
      const before = await this.keys.currentKid();
      if (!(await this.keys.rotate(standby._id, next, new Date()))) continue;
      // The next one is shown first: it must be known before it signs.
      await this.keySet.show(next._id, standby._id, ...(before === undefined ? [] : [before]));
      this.logger.log(`the signing key ${standby._id} is current, ${next._id} stands by`);
      return { items: (await this.keys.all()).map(toReply) };
    }
  }

  /** Ends all that the key signed; resolves once the bus holds it. Throws SIGNING_KEY_NOT_FOUND. */
  async revoke(caller: Caller, kid: string): Promise<void> {
    caller.require('signing-keys:delete');
    if (!(await this.keys.find(kid))) throw new KeyportError('SIGNING_KEY_NOT_FOUND', { kid });
    for (;;) {
      const standby = await this.standby();
      const next = await this.maker.make('standby', standby.issuers);
      if (!(await this.keys.revoke(kid, standby._id, next, new Date()))) continue;
      this.logger.warn(`the signing key ${kid} was revoked`);
      await this.showRevoked(kid, caller.identity.subject);
      await this.keySet.show(standby._id, next._id);
      return;
    }
  }

  /** Completes revocations that a process did not come to complete, and drops keys that nothing depends on any more. */
  async tidy(): Promise<void> {
    for (const { _id: kid } of await this.keys.revokedWithKeys()) await this.showRevoked(kid, 'keyport');
    for (const { _id: kid } of await this.keys.retiredBefore(new Date(Date.now() - keptMs))) {
      if (await this.signedKeys.hasLiving(kid)) continue;
      await this.keys.delete(kid);
      await this.keySet.show(kid);
    }
  }

  private async showRevoked(kid: string, by: string): Promise<void> {
    const endsAt = await this.signedKeys.endOf(kid);
    await this.revocations.end({ level: 'kid', kid }, { endsAt, by, reason: 'the signing key was revoked' });
    await this.keySet.show(kid);
    await this.signedKeys.end(kid);
    await this.keys.markKeysEnded(kid);
  }

  /** The key that is next in line, made where it is missing. */
  private async standby(): Promise<SigningKey> {
    for (;;) {
      const standby = await this.keys.inState('standby');
      if (standby) return standby;
      const { issuers = [] } = (await this.keys.inState('current')) ?? {};
      await this.keys.insertOnly(await this.maker.make('standby', issuers));
    }
  }

  /** Whoever keeps the key set for as long as they may have seen the key by then. */
  private async untilKnown({ _id: kid, publishedAt }: SigningKey): Promise<void> {
    if (!publishedAt) await this.keySet.show(kid);
    const since = publishedAt?.getTime() ?? Date.now();
    const leftMs = since + this.config.KEYPORT_KEY_SET_CACHE_SECONDS * 1000 - Date.now();
    if (leftMs > longestWaitMs) {
      throw new KeyportError('SIGNING_KEY_TOO_NEW', { kid, retryAfterSeconds: Math.ceil(leftMs / 1000) });
    }
    if (leftMs > 0) await delay(leftMs);
  }
}

const toReply = (key: SigningKey) => ({
  kid: key._id,
  state: key.state,
  alg: key.publicJwk.alg,
  createdAt: key.createdAt.toISOString(),
  currentSince: key.currentSince?.toISOString() ?? null,
  previousSince: key.previousSince?.toISOString() ?? null,
  revokedAt: key.revokedAt?.toISOString() ?? null,
});
