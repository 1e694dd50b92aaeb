import { buckets, revocationEntry } from '@keyport/contracts';
import { KvView } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';

export interface Revocable {
  readonly tokenId: string;
  readonly keyId: string | undefined;
  readonly ancestors: readonly string[];
}

/** Everything that is revoked, in memory, followed from auth's projection: asked on every request, after every cache. */
export class RevocationView {
  private readonly view: KvView<typeof revocationEntry>;

  constructor(connection: NatsConnection) {
    this.view = new KvView(connection, { bucket: buckets.revocations, schema: revocationEntry, needsMarker: true });
  }

  start(): void {
    this.view.start();
  }

  stop(): void {
    this.view.stop();
  }

  get isReady(): boolean {
    return this.view.isReady;
  }

  get size(): number {
    return this.view.size;
  }

  isRevoked({ tokenId, keyId, ancestors }: Revocable): boolean {
    return (
      this.view.get(`jti.${tokenId}`) !== undefined ||
      (keyId !== undefined && this.view.get(`key.${keyId}`) !== undefined) ||
      ancestors.some((ancestor) => this.view.get(`jti.${ancestor}`) !== undefined)
    );
  }
}
