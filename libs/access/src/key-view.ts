import { setTimeout as delay } from 'node:timers/promises';
import { jwksEntry, type BucketContract, type JwksEntry } from '@keyport/contracts';
import { KvView } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { importJWK, type CryptoKey, type JWK } from 'jose';

/** Milliseconds to wait for a key that a process published a moment ago. */
const newKeyGraceMs = 1_000;

interface KnownKey {
  readonly key: Promise<CryptoKey>;
  readonly alg: string;
  readonly issuers: readonly string[];
}

/** Public keys followed on the bus, ready to verify with. A `kid` is looked up in memory: an unknown one causes no call. */
export class KeyView {
  private readonly keys = new Map<string, KnownKey>();
  private allIssuers: readonly string[] = [];
  private readonly view: KvView<typeof jwksEntry>;

  constructor(
    connection: NatsConnection,
    bucket: BucketContract,
    private readonly options: {
      readonly needsMarker: boolean;
      readonly awaitNewKeys: boolean;
      readonly inspectEveryMs?: number;
    },
  ) {
    this.view = new KvView(connection, {
      bucket,
      schema: jwksEntry,
      needsMarker: options.needsMarker,
      ...(options.inspectEveryMs !== undefined && { inspectEveryMs: options.inspectEveryMs }),
      onChange: (kid, value) => this.change(kid, value),
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

  get contactAt(): number {
    return this.view.contactAt;
  }

  /** Whether the key is known at this moment. */
  has(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** Public JWKs, for the key set document. */
  jwks(): JWK[] {
    return [...this.view.values()].flatMap(({ jwk, state }) => (state === 'revoked' ? [] : [jwk as JWK]));
  }

  /** Every `iss` (and `aud`) that the keys sign under, earlier public addresses of the deployment included. */
  issuers(): readonly string[] {
    return this.allIssuers;
  }

  /** Every `iss` that this key signs under. */
  issuersOf(kid: string): readonly string[] {
    return this.keys.get(kid)?.issuers ?? [];
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

  private change(kid: string, entry: JwksEntry | undefined): void {
    // A revoked key has no entry; should it have one, it counts as little.
    if (!entry || entry.state === 'revoked') this.keys.delete(kid);
    else {
      const key = importJWK(entry.jwk as JWK, entry.jwk.alg) as Promise<CryptoKey>;
      key.catch(() => undefined);
      this.keys.set(kid, { key, alg: entry.jwk.alg, issuers: entry.issuers });
    }
    this.allIssuers = [...new Set([...this.keys.values()].flatMap(({ issuers }) => issuers))];
  }
}
