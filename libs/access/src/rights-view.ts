import { isDeepStrictEqual } from 'node:util';
import {
  buckets,
  rightsEntry,
  type ClientRights,
  type IssuerRights,
  type KeyRights,
  type PublicKeyRights,
  type RightsEntry,
  type UserRights,
} from '@keyport/contracts';
import { KvView } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { importJWK, type CryptoKey, type JWK } from 'jose';

/** Who waits for an entry at the same time; whoever comes later is answered at once. */
const maxWaiting = 256;

/** Rights of the moment: of users, of keys whose ceiling was lowered, of registered public keys, clients and issuers. */
export interface RightsLookup {
  user(userId: string): UserRights | undefined;
  key(keyId: string): KeyRights | undefined;
  publicKey(kid: string): PublicKeyRights | undefined;
  client(clientId: string): ClientRights | undefined;
  issuer(issuerId: string): IssuerRights | undefined;
}

/** What holders of tokens may do now, in memory, followed from auth's projection. */
export class RightsView implements RightsLookup {
  private readonly view: KvView<typeof rightsEntry>;
  private readonly imported = new WeakMap<PublicKeyRights, Promise<CryptoKey | undefined>>();
  private readonly waiting = new Map<string, Set<() => void>>();
  private waiters = 0;
  private changes = 0;
  private readonly latest = new Map<string, RightsEntry>();
  /** `iss` of issuers whose tokens are accepted as they are → id. */
  private readonly direct = new Map<string, string>();

  constructor(connection: NatsConnection, { inspectEveryMs }: { readonly inspectEveryMs?: number } = {}) {
    this.view = new KvView(connection, {
      bucket: buckets.rights,
      schema: rightsEntry,
      needsMarker: true,
      ...(inspectEveryMs !== undefined && { inspectEveryMs }),
      onChange: (key, entry) => this.change(key, entry),
      // Who cannot be read may nothing; of a ceiling, none would be no limit.
      onInvalid: (key) =>
        this.change(key, key.startsWith('key.') ? { kind: 'key', scopes: [], limits: {} } : undefined),
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

  /** Grows with every change of any entry, and not where a reading shows what was known. */
  get version(): number {
    return this.changes;
  }

  user(userId: string): UserRights | undefined {
    return this.entry('user', `user.${userId}`);
  }

  key(keyId: string): KeyRights | undefined {
    return this.entry('key', `key.${keyId}`);
  }

  publicKey(kid: string): PublicKeyRights | undefined {
    return this.entry('public-key', `public-key.${kid}`);
  }

  client(clientId: string): ClientRights | undefined {
    return this.entry('client', `client.${clientId}`);
  }

  /** The same object for as long as nothing about it changes. */
  issuer(issuerId: string): IssuerRights | undefined {
    return this.entry('issuer', `issuer.${issuerId}`);
  }

  get hasDirectIssuers(): boolean {
    return this.direct.size > 0;
  }

  /** Id of the issuer of that `iss`, where its tokens are accepted as they are. */
  directIssuerId(iss: string): string | undefined {
    return this.direct.get(iss);
  }

  /** The registered key, where it is made for this algorithm. */
  async verifyingKey(kid: string, alg: string): Promise<CryptoKey | undefined> {
    const entry = this.publicKey(kid);
    if (entry?.jwk.alg !== alg) return undefined;
    const known = this.imported.get(entry);
    if (known) return known;
    // A key that cannot be imported is as good as unknown.
    const imported = (importJWK(entry.jwk as JWK, alg) as Promise<CryptoKey>).catch(() => undefined);
    this.imported.set(entry, imported);
    return imported;
  }

  /** Resolves when the entry is there, and after `withinMs` without it; at once where too many wait. */
  async awaitEntry(key: `${'user' | 'public-key' | 'client' | 'issuer'}.${string}`, withinMs: number): Promise<void> {
    if (this.latest.has(key) || this.waiters >= maxWaiting) return;
    this.waiters += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, waiting.add(resolve));
    const timer = setTimeout(resolve, withinMs);
    await promise;
    clearTimeout(timer);
    this.waiters -= 1;
    waiting.delete(resolve);
    if (waiting.size === 0) this.waiting.delete(key);
  }

  private entry<Kind extends RightsEntry['kind']>(
    kind: Kind,
    key: string,
  ): Extract<RightsEntry, { kind: Kind }> | undefined {
    const entry = this.latest.get(key);
    return entry?.kind === kind ? (entry as Extract<RightsEntry, { kind: Kind }>) : undefined;
  }

  private change(key: string, entry: RightsEntry | undefined): void {
    const before = this.latest.get(key);
    if (isDeepStrictEqual(before, entry)) return;
    if (entry) this.latest.set(key, entry);
    else this.latest.delete(key);
    if (before?.kind === 'issuer' && this.direct.get(before.issuer) === idIn(key)) this.direct.delete(before.issuer);
    if (entry?.kind === 'issuer' && entry.trust === 'direct') this.direct.set(entry.issuer, idIn(key));
    this.changes += 1;
    if (entry) for (const resolve of this.waiting.get(key) ?? []) resolve();
  }
}

/** `issuer.<id>` */
const idIn = (key: string): string => key.slice('issuer.'.length);
