import { createHash, type Hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError, maxPieceBytes, pieceHeaders, uploadSubject } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { cutPieces } from './piece-cutter.ts';

/** Pieces on their way at once: 4 MiB of memory an upload, and enough to hide JetStream's flush to disk. */
const windowPieces = 8;
const acknowledgementTimeoutMs = 10_000;
/** A bus that is away for longer breaks the upload off; what was acknowledged stays. */
const busPatienceMs = 60_000;
/** nats-server `errors.json`: JSStreamStoreFailedF ("maximum bytes exceeded"), insufficient resources. */
const streamFullCodes = new Set([10077, 10023, 10047]);

export interface Upload {
  readonly importId: string;
  readonly epoch: number;
  /** Bytes that may be published before `import` is asked for more. */
  readonly reservedBytes: number;
  /** Bytes of the upload before this request's body. */
  readonly offset?: number;
  /** SHA-256 that has taken in all bytes before, where the same file may be sent again: each piece then names how far it is. */
  readonly prefix?: Hash | undefined;
}

/** Asks whether the first `length` bytes may be published; resolves to how many may. */
export type Reserve = (length: number) => Promise<number>;

/** Passes an upload on to the spool, unread: what JetStream acknowledged is durable, and nothing is kept here. */
@Injectable()
export class UploadPublisher {
  private readonly client: JetStreamClient;

  constructor(@Inject(BUS_CONNECTION) connection: NatsConnection) {
    this.client = jetstream(connection);
  }

  /**
   * Length of the upload with this body, once every byte is acknowledged. Reading stops while the window is full. Nothing
   * is published that was not granted before. Of a body that breaks off all that came is published first. Throws
   * SPOOL_FULL, UPLOAD_INCOMPLETE, and what `reserve` throws.
   */
  async publish(upload: Upload, body: AsyncIterable<Buffer>, reserve: Reserve): Promise<number> {
    const inFlight = new Set<Promise<void>>();
    const failure = new AbortController();
    let { reservedBytes: reserved, offset = 0 } = upload;
    const settle = async () => {
      await Promise.race(inFlight);
      failure.signal.throwIfAborted();
    };
    const arriving = new Arriving(body);
    // Memory of pieces that are acknowledged is used again: half a megabyte a piece is much to collect as garbage.
    const spare: Buffer[] = [];
    for await (const piece of cutPieces(arriving.parts(), maxPieceBytes, spare)) {
      if (offset + piece.length > reserved) reserved = await reserve(offset + piece.length);
      const sent: Promise<void> = this.send(upload, offset, piece, failure.signal)
        .then(() => void (piece.length === maxPieceBytes && spare.push(piece)))
        .catch((error: unknown) => failure.abort(error))
        .finally(() => inFlight.delete(sent));
      inFlight.add(sent);
      offset += piece.length;
      if (inFlight.size >= windowPieces) await settle();
    }
    while (inFlight.size > 0) await settle();
    failure.signal.throwIfAborted();
    arriving.requireWhole(offset);
    return offset;
  }

  private async send(upload: Upload, offset: number, piece: Buffer, signal: AbortSignal): Promise<void> {
    const { importId } = upload;
    const pieceHdrs = headersOf(upload, offset, piece);
    const patientUntil = Date.now() + busPatienceMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        await this.client.publish(uploadSubject(importId), piece, {
          headers: pieceHdrs,
          timeout: acknowledgementTimeoutMs,
        });
        return;
      } catch (error) {
        if (error instanceof JetStreamApiError && streamFullCodes.has(error.code))
          throw new KeyportError('SPOOL_FULL', {}, { cause: error });
        if (signal.aborted || Date.now() > patientUntil)
          throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'bus' }, { cause: error });
        // Sending a piece again is harmless: the reader takes each offset once.
        await delay(pauseMs);
      }
    }
  }
}

/** A body that may break off: what came before that is worth keeping. */
class Arriving {
  private broken: { readonly cause: unknown } | undefined;

  constructor(private readonly body: AsyncIterable<Buffer>) {}

  async *parts(): AsyncGenerator<Buffer> {
    try {
      yield* this.body;
    } catch (cause) {
      this.broken = { cause };
    }
  }

  requireWhole(received: number): void {
    if (!this.broken) return;
    const { cause } = this.broken;
    if (cause instanceof KeyportError) throw cause;
    throw new KeyportError('UPLOAD_INCOMPLETE', { received }, { cause });
  }
}

function headersOf({ epoch, prefix }: Upload, offset: number, piece: Buffer): MsgHdrs {
  const pieceHdrs = headers();
  pieceHdrs.set(pieceHeaders.offset, String(offset));
  pieceHdrs.set(pieceHeaders.epoch, String(epoch));
  pieceHdrs.set(pieceHeaders.digest, createHash('sha256').update(piece).digest('hex'));
  if (prefix) pieceHdrs.set(pieceHeaders.prefixDigest, prefix.update(piece).copy().digest('hex'));
  return pieceHdrs;
}
