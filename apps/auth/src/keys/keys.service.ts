import { nowSeconds, type Caller } from '@keyport/access';
import { KeyportError, type createKey, type listKeys, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { z } from 'zod';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { RevocationProjection } from '../revocations/revocation-projection.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import { newKey, type Key } from './key.model.ts';
import { ancestorsThrough, keyLifetime, requireHeld } from './key-rules.ts';
import { KeysRepository, type KeyHolder } from './keys.repository.ts';

/** What MongoDB gives as ids of keys. */
const keyId = z.string().regex(/^[0-9a-f]{24}$/);

@Injectable()
export class KeysService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly tokens: AccessTokensService,
    private readonly signingKeys: SigningKeysService,
    private readonly revocations: RevocationProjection,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  async create(caller: Caller, { name, scopes, expiresInSeconds }: RequestOf<typeof createKey>) {
    caller.require('keys:create');
    requireHeld(scopes, caller.identity.scopes);
    const userId = this.userOf(caller);
    const ancestors = ancestorsThrough(caller.identity);
    const makerSecondsLeft = await this.secondsLeftOf(caller);
    const lifetimeSeconds = keyLifetime(expiresInSeconds, this.config.KEYPORT_KEY_MAX_SECONDS, makerSecondsLeft);
    return this.mint({ userId, name, scopes: [...new Set(scopes)], ancestors, lifetimeSeconds });
  }

  async list(caller: Caller, { limit, cursor }: RequestOf<typeof listKeys>): Promise<ReplyOf<typeof listKeys>> {
    caller.require('keys:read');
    // Ids of keys grow with time, so the last one says where the next page begins.
    const found = await this.keys.page(this.visibleTo(caller), limit + 1, readCursor(keyId, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(toReply), next };
  }

  async get(caller: Caller, keyId: string) {
    caller.require('keys:read');
    return toReply(await this.visible(caller, keyId));
  }

  /** Resolves once the revocation is stored by a majority and shown on the bus. */
  async revoke(caller: Caller, keyId: string): Promise<void> {
    caller.require('keys:delete');
    const key = await this.visible(caller, keyId);
    const now = new Date();
    const revoked = await this.keys.revoke(keyId, now, revocationKeptUntil(key.expiresAt, now));
    if (!revoked) throw new KeyportError('KEY_NOT_FOUND', { keyId });
    await this.revocations.show(revoked);
  }

  private async mint(key: Pick<Key, 'userId' | 'name' | 'scopes' | 'ancestors'> & { lifetimeSeconds: number }) {
    const keyId = new Types.ObjectId().toHexString();
    const { lifetimeSeconds, ...kept } = key;
    const { token, tokenId, issuedAt, expiresAt } = await this.tokens.mint({
      subject: kept.userId,
      scopes: kept.scopes,
      ancestors: kept.ancestors,
      lifetimeSeconds,
      keyId,
    });
    const stored = newKey({ ...kept, _id: keyId, tokenId, createdAt: issuedAt, expiresAt });
    await this.keys.insert(stored);
    return { token, key: toReply(stored) };
  }

  private async visible(caller: Caller, keyId: string): Promise<Key> {
    const key = await this.keys.find(keyId, this.visibleTo(caller));
    if (!key) throw new KeyportError('KEY_NOT_FOUND', { keyId });
    return key;
  }

  /** One's own keys; an owner's are all. */
  private visibleTo(caller: Caller): KeyHolder {
    return caller.identity.scopes.includes('*') ? 'anyone' : { userId: this.userOf(caller) };
  }

  /** The same `sub` of another issuer is another principal, who has no keys here. */
  private userOf({ identity }: Caller): string {
    if (!this.signingKeys.isOwnIssuer(identity.issuer)) throw new KeyportError('CONTEXT_INVALID', { check: 'issuer' });
    return identity.subject;
  }

  private async secondsLeftOf({ identity }: Caller): Promise<number> {
    if (identity.keyId === undefined) return Number.POSITIVE_INFINITY;
    const maker = await this.keys.find(identity.keyId, 'anyone');
    const secondsLeft = maker && !maker.revokedAt ? Math.floor(maker.expiresAt.getTime() / 1000) - nowSeconds() : 0;
    if (secondsLeft <= 0) throw new KeyportError('TOKEN_REVOKED');
    return secondsLeft;
  }
}

const toReply = ({ _id, name, scopes, createdAt, expiresAt, revokedAt }: Key) => ({
  id: _id,
  name,
  scopes: [...scopes],
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  lastUsedAt: null,
  revokedAt: revokedAt?.toISOString() ?? null,
});
