import { createHash } from 'node:crypto';
import { maxPieceBytes, pieceChecksum, pieceHeaders, uploadSubject } from '@keyport/contracts';
import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';

/** Pieces of one upload on their way at the same time. */
const window = 16;

export interface PublishAt {
  readonly offset?: number;
  readonly epoch?: number;
  /** The whole file, where pieces name the digest of what came before them, as for an `Idempotency-Key`. */
  readonly file?: Uint8Array;
}

/** Of a server that stands still for a moment, or is just being started again. */
const patience = { timeout: 60_000, retries: 40 } as const;

/** Publishes bytes of an upload as a gateway does, acknowledged before it resolves. */
export async function publishUpload(
  gateway: NatsConnection,
  importId: string,
  bytes: Uint8Array,
  { offset = 0, epoch = 1, file }: PublishAt = {},
): Promise<void> {
  const client = jetstream(gateway);
  const prefix = createHash('sha256').update(file?.subarray(0, offset) ?? '');
  const pending: Promise<unknown>[] = [];
  for (let start = 0; start < bytes.length; start += maxPieceBytes) {
    const piece = bytes.subarray(start, start + maxPieceBytes);
    const hdrs = headers();
    hdrs.set(pieceHeaders.offset, String(offset + start));
    hdrs.set(pieceHeaders.epoch, String(epoch));
    hdrs.set(pieceHeaders.checksum, pieceChecksum(piece));
    if (file) hdrs.set(pieceHeaders.prefixDigest, prefix.update(piece).copy().digest('hex'));
    pending.push(client.publish(uploadSubject(importId), piece, { headers: hdrs, ...patience }));
    if (pending.length >= window) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
}
