import { buckets, type RevocationEntry } from '@keyport/contracts';
import { KvFollower, type KvMessage, type KvSink } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Identity } from './identity.ts';
import { ComingEntries } from './coming-entries.ts';
import {
  revocationKey,
  revocationKeysOf,
  revocationKeysOfOrigin,
  revokedFrom,
  type RevocationTarget,
} from './revocation-keys.ts';
import { fingerprintsOf, RevocationTable, type Fingerprints } from './revocation-table.ts';

/** Milliseconds between two slices of the sweep for entries that have ended. */
const sweepEveryMs = 1_000;
/** Milliseconds that an entry may hold late which holds from a later moment on. */
const arriveEveryMs = 100;

/** Everything that is revoked, in memory, followed from auth's projection: asked on every request, after every cache. */
export class RevocationView implements KvSink {
  private readonly table = new RevocationTable();
  private readonly follower: KvFollower;
  private readonly coming = new ComingEntries();
  private sweep: NodeJS.Timeout | undefined;
  private changes = 0;
  private arrivals: NodeJS.Timeout | undefined;

  constructor(connection: NatsConnection, { inspectEveryMs }: { readonly inspectEveryMs?: number } = {}) {
    const every = inspectEveryMs === undefined ? {} : { inspectEveryMs };
    this.follower = new KvFollower(connection, { bucket: buckets.revocations, needsMarker: true, ...every }, this);
  }

  start(): void {
    this.follower.start();
    this.sweep = setInterval(() => this.table.dropEnded(Date.now() / 1000), sweepEveryMs).unref();
    this.arrivals = setInterval(() => this.admitDue(Date.now() / 1000), arriveEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.sweep);
    clearInterval(this.arrivals);
    this.follower.stop();
  }

  get isReady(): boolean {
    return this.follower.isReady;
  }

  get contactAt(): number {
    return this.follower.contactAt;
  }

  get size(): number {
    return this.table.size;
  }

  /** Grows with every entry that is shown. */
  get version(): number {
    return this.changes;
  }

  /** Bytes that the entries take. */
  get footprint(): number {
    return this.table.footprint;
  }

  /** Whether the token, or anything it depends on, is revoked. With the fingerprints at hand use {@link find}. */
  isRevoked(identity: Identity): boolean {
    const own = fingerprintsOf(revocationKeysOf(identity));
    const origin = fingerprintsOf(revocationKeysOfOrigin(identity));
    return this.find(own, revokedFrom(identity)) >= 0 || this.find(origin, identity.origin?.ext?.iat ?? 0) >= 0;
  }

  /** Whether what the target would issue now, or is issued for it, is revoked already. */
  revokesNow(target: RevocationTarget): boolean {
    return this.find(fingerprintsOf([revocationKey(target)]), Math.floor(Date.now() / 1000)) >= 0;
  }

  /** Index of the first key that revokes what was issued at `issuedAt`, or -1. */
  find(prints: Fingerprints, issuedAt: number): number {
    return this.table.find(prints, issuedAt);
  }

  /** For the follower. */
  beginReading(): void {
    this.table.beginReading();
    this.coming.beginReading();
  }

  /** For the follower. */
  put(key: string, message: KvMessage): void {
    this.changes += 1;
    const { before, expiresAt, from } = entryIn(message.data);
    const now = Date.now() / 1000;
    this.coming.remove(key);
    if (expiresAt !== null && expiresAt <= now) this.table.delete(key);
    else if (from === undefined || from <= now) this.table.put(key, before, expiresAt);
    else {
      this.table.delete(key);
      this.coming.put(key, { before, expiresAt, from });
    }
  }

  /** For the follower. */
  remove(key: string): void {
    this.coming.remove(key);
    this.table.delete(key);
  }

  /** For the follower. */
  endReading(): void {
    this.table.endReading();
    this.coming.endReading();
  }

  private admitDue(now: number): void {
    for (const [key, { before, expiresAt }] of this.coming.takeDue(now)) this.table.put(key, before, expiresAt);
  }
}

const isSeconds = (value: unknown): value is number | null =>
  value === null || (Number.isSafeInteger(value) && (value as number) >= 0);

/** A revocation that cannot be read revokes altogether. Not by the schema: that takes seconds for a million entries. */
function entryIn(data: Uint8Array): RevocationEntry {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
    const { before, expiresAt, from } = JSON.parse(text) as Record<keyof RevocationEntry, unknown>;
    if (isSeconds(before) && isSeconds(expiresAt))
      return { before, expiresAt, ...(typeof from === 'number' && { from }) };
  } catch {
    // As below.
  }
  return { before: null, expiresAt: null };
}
