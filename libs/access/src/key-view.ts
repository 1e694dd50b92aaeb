import { setTimeout as delay } from 'node:timers/promises';
import { jwksEntry, type BucketContract, type JwksEntry } from '@keyport/contracts';
import { KvView } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { importJWK, type CryptoKey, type JWK } from 'jose';

/** Milliseconds to wait for a key that a process published a moment ago. */
const newKeyGraceMs = 1_000;

/** Public keys followed on the bus, ready to verify with. A `kid` is looked up in memory: an unknown one causes no call. */
export class KeyView {
  private readonly keys = new Map<string, { key: Promise<CryptoKey>; alg: string }>();
  private readonly view: KvView<typeof jwksEntry>;

  constructor(
    connection: NatsConnection,
    bucket: BucketContract,
    private readonly options: { readonly needsMarker: boolean; readonly awaitNewKeys: boolean },
  ) {
    this.view = new KvView(connection, {
      bucket,
      schema: jwksEntry,
      needsMarker: options.needsMarker,
      onChange: (kid, value) => this.change(kid, value?.jwk),
    });
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

  /** Public JWKs, for the key set document. */
  jwks(): JWK[] {
    return [...this.view.values()].map(({ jwk }) => jwk as JWK);
  }

  /** Every `iss` (and `aud`) that the keys sign under, earlier public addresses of the deployment included. */
  issuers(): string[] {
    return [...new Set([...this.view.values()].flatMap(({ issuers }) => issuers))];
  }

  /** The key, where it is known and made for this algorithm. */
  async find(kid: string, alg: string): Promise<CryptoKey | undefined> {
    if (this.options.awaitNewKeys) {
      for (const until = Date.now() + newKeyGraceMs; !this.keys.has(kid) && Date.now() < until;) await delay(20);
    }
    const found = this.keys.get(kid);
    // A key that cannot be imported is as good as unknown.
    return found?.alg === alg ? found.key.catch(() => undefined) : undefined;
  }

  private change(kid: string, jwk: JwksEntry['jwk'] | undefined): void {
    if (!jwk) {
      this.keys.delete(kid);
      return;
    }
    const key = importJWK(jwk as JWK, jwk.alg) as Promise<CryptoKey>;
    key.catch(() => undefined);
    this.keys.set(kid, { key, alg: jwk.alg });
  }
}
