import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type createPublicKey,
  type listPublicKeys,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { HeldEndingService } from '../keys/held-ending.service.ts';
import { ReachService } from '../rights/reach.service.ts';
import { PublicKeyPresenter } from './public-key-presenter.ts';
import { PublicKeyRegistrationService } from './public-key-registration.service.ts';
import type { PublicKey } from './public-key.model.ts';
import { PublicKeysRepository } from './public-keys.repository.ts';

/** What MongoDB gives as ids of public keys. They grow with time, so the last one says where the next page begins. */
const publicKeyIds = z.string().regex(/^[0-9a-f]{24}$/);

/** Registered public keys, as keys are: what others may not see is as if it did not exist. */
@Injectable()
export class PublicKeysService {
  constructor(
    private readonly publicKeys: PublicKeysRepository,
    private readonly registration: PublicKeyRegistrationService,
    private readonly presenter: PublicKeyPresenter,
    private readonly reach: ReachService,
    private readonly endings: HeldEndingService,
  ) {}

  async create(caller: Caller, request: RequestOf<typeof createPublicKey>): Promise<ReplyOf<typeof createPublicKey>> {
    return this.presenter.present(await this.registration.register(caller, request));
  }

  async list(caller: Caller, request: RequestOf<typeof listPublicKeys>): Promise<ReplyOf<typeof listPublicKeys>> {
    const { limit, cursor, owner } = request;
    const reach = await this.reach.listReachOf(caller, 'public-keys:read', owner);
    const found = await this.publicKeys.page(reach, limit + 1, readCursor(publicKeyIds, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map((key) => this.presenter.present(key)), next };
  }

  async get(caller: Caller, publicKeyId: string) {
    const reach = await this.reach.reachOf(caller, 'public-keys:read');
    return this.presenter.present(found(await this.publicKeys.find(publicKeyId, reach), publicKeyId));
  }

  /** Resolves once the bus shows that its tokens, and the keys minted through them, have ended. */
  async revoke(caller: Caller, publicKeyId: string): Promise<void> {
    const reach = await this.reach.reachOf(caller, 'public-keys:delete');
    found(await this.publicKeys.find(publicKeyId, reach), publicKeyId);
    await this.endings.endPublicKey(publicKeyId);
  }
}

function found(key: PublicKey | null, publicKeyId: string): PublicKey {
  if (!key) throw new KeyportError('PUBLIC_KEY_NOT_FOUND', { publicKeyId });
  return key;
}
