import { buckets, type RightsEntry, type Role } from '@keyport/contracts';
import { completionMarker, openBucket } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';

/** Says on the bus what holders of tokens may do, as auth does, where auth itself does not run. */
export class PublishedRights {
  /** On auth's connection; waits for the bucket. */
  constructor(private readonly auth: NatsConnection) {}

  /** What a user may do from now on; every view sees it a moment later. */
  publishUser(
    userId: string,
    scopes: readonly string[],
    { role = 'member', disabled = false }: { readonly role?: Role; readonly disabled?: boolean } = {},
  ) {
    return this.publish(`user.${userId}`, { kind: 'user', role, scopes: [...scopes], disabled });
  }

  removeUser(userId: string): Promise<void> {
    return this.remove(`user.${userId}`);
  }

  /** A ceiling below what the key's token says. */
  publishCeiling(keyId: string, scopes: readonly string[]): Promise<void> {
    return this.publish(`key.${keyId}`, { kind: 'key', scopes: [...scopes], limits: {} });
  }

  async publish(key: string, entry: RightsEntry): Promise<void> {
    await (await this.bucket()).put(key, JSON.stringify(entry));
  }

  async remove(key: string): Promise<void> {
    await (await this.bucket()).delete(key);
  }

  /** From here on the projection counts as complete. */
  async complete(): Promise<void> {
    await (await this.bucket()).put(completionMarker, '{}');
  }

  private bucket() {
    return openBucket(this.auth, buckets.rights);
  }
}
