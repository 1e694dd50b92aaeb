import type { Hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError, maxPieceBytes, pieceChecksum, pieceHeaders, uploadSubject } from '@keyport/contracts';
import { BUS_CONNECTION, isStreamFull } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { cutPieces } from './piece-cutter.ts';
import { Places } from './places.ts';
import { isSpoolFull, whileFull } from './while-full.ts';

/** Pieces on their way at once: 4 MiB of memory an upload, and enough to hide JetStream's flush to disk. */
const windowPieces = 8;
const acknowledgementTimeoutMs = 10_000;
/** A bus that is away for longer breaks the upload off; what was acknowledged stays. */
const busPatienceMs = 60_000;
/** And of all uploads together: 32 MiB. */
const piecesInAll = 64;
/** Bytes in which all uploads together collect their next pieces: of many at once each makes smaller ones. */
const collectedBytes = 32 * 1024 * 1024;
const smallestPieceBytes = 32 * 1024;
/** A piece that is not full waits so long for more. */
const quietMs = 1_000;

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
  private readonly places = new Places(piecesInAll);
  private uploads = 0;

  constructor(
    @Inject(BUS_CONNECTION) connection: NatsConnection,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.client = jetstream(connection);
  }

  /**
   * Length of the upload with this body, once every byte is acknowledged. Reading stops while the window is full, and
   * while the spool is. Nothing is published that was not granted before. Of a body that breaks off all that came is
   * published first. Throws SPOOL_FULL, UPLOAD_INCOMPLETE, and what `reserve` throws.
   */
  async publish(upload: Upload, body: AsyncIterable<Buffer>, reserve: Reserve): Promise<number> {
    this.uploads += 1;
    try {
      return await this.publishAll(upload, body, reserve);
    } finally {
      this.uploads -= 1;
    }
  }

  private async publishAll(upload: Upload, body: AsyncIterable<Buffer>, reserve: Reserve): Promise<number> {
    const window = new Window(this.places);
    let { reservedBytes: reserved, offset = 0 } = upload;
    const arriving = new Arriving(body);
    const pieceBytes = Math.max(smallestPieceBytes, Math.min(maxPieceBytes, Math.floor(collectedBytes / this.uploads)));
    // Memory of pieces that are acknowledged is used again: half a megabyte a piece is much to collect as garbage.
    const spare: Buffer[] = [];
    for await (const piece of cutPieces(arriving.parts(), { pieceBytes, quietMs, spare })) {
      const end = offset + piece.length;
      if (end > reserved) reserved = await whileFull(this.waitMs, () => reserve(end));
      const at = offset;
      await window.add(async (before) => {
        await this.send(upload, at, piece, window, before);
        if (piece.length === pieceBytes) spare.push(piece);
      });
      offset = end;
    }
    await window.settle();
    arriving.requireWhole(offset);
    return offset;
  }

  private get waitMs(): number {
    return this.config.KEYPORT_SPOOL_WAIT_SECONDS * 1000;
  }

  /** While the spool is full, pieces go in their order: one that cannot be read yet takes no room from one before it. */
  private send(upload: Upload, offset: number, piece: Buffer, window: Window, before: Promise<void>): Promise<void> {
    const pieceHdrs = headersOf(upload, offset, piece);
    return whileFull(this.waitMs, async () => {
      if (window.isScarce) await before;
      window.signal.throwIfAborted();
      try {
        await this.sendOnce(upload.importId, piece, pieceHdrs, window.signal);
      } catch (error) {
        if (isSpoolFull(error)) window.isScarce = true;
        throw error;
      }
    });
  }

  private async sendOnce(importId: string, piece: Buffer, pieceHdrs: MsgHdrs, signal: AbortSignal): Promise<void> {
    const patientUntil = Date.now() + busPatienceMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        await this.client.publish(uploadSubject(importId), piece, {
          headers: pieceHdrs,
          timeout: acknowledgementTimeoutMs,
        });
        return;
      } catch (error) {
        if (isStreamFull(error)) throw new KeyportError('SPOOL_FULL', {}, { cause: error });
        if (signal.aborted || Date.now() > patientUntil)
          throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'bus' }, { cause: error });
        // Sending a piece again is harmless: the reader takes each offset once.
        await delay(pauseMs);
      }
    }
  }
}

/** Pieces of one upload on their way. */
class Window {
  /** The spool was full: from then on one piece at a time is sent. */
  isScarce = false;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly failure = new AbortController();
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly places: Places) {}

  get signal(): AbortSignal {
    return this.failure.signal;
  }

  /** Resolves as soon as there is room for one more; `send` is given the end of the piece before. Throws what failed. */
  async add(send: (before: Promise<void>) => Promise<void>): Promise<void> {
    const giveBack = await this.places.take();
    const before = this.last;
    const sent: Promise<void> = send(before)
      .catch((error: unknown) => this.failure.abort(error))
      .finally(() => {
        giveBack();
        this.inFlight.delete(sent);
      });
    this.last = sent;
    this.inFlight.add(sent);
    while (this.inFlight.size >= (this.isScarce ? 1 : windowPieces)) await this.one();
    this.signal.throwIfAborted();
  }

  /** Throws what failed. */
  async settle(): Promise<void> {
    while (this.inFlight.size > 0) await this.one();
    this.signal.throwIfAborted();
  }

  private async one(): Promise<void> {
    await Promise.race(this.inFlight);
    this.signal.throwIfAborted();
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
  pieceHdrs.set(pieceHeaders.checksum, pieceChecksum(piece));
  if (prefix) pieceHdrs.set(pieceHeaders.prefixDigest, prefix.update(piece).copy().digest('hex'));
  return pieceHdrs;
}
