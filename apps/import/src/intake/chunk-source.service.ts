import type { Chunk, UnpackedPiece } from '@keyport/codec';
import { giveBack } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { StoredPosition } from '../imports/import.model.ts';
import { openKnownRows, openRows, positionText, type Rows } from '../parsing/rows.ts';
import { RejectedRowsReader } from '../retrying/rejected-rows-reader.ts';
import type { StoredRetry } from '../retrying/retry.ts';
import { skip, unpacked } from './decompression.ts';
import { FairShare } from './fair-share.ts';
import type { ImportRun } from './import-run.ts';
import type { SpoolPosition } from './piece-sequence.ts';
import { SpoolReader, type Stretch } from './spool-reader.ts';
import { SpoolTrail } from './spool-trail.ts';

/** A chunk, and where reading goes on once it is written. */
export interface PlacedChunk {
  readonly chunk: Chunk;
  readonly next: StoredPosition;
}

const spoolStart: SpoolPosition = { sequence: 0, offset: 0, epoch: 0 };

/**
 * Turns an upload, or the rows that another import rejected, into chunks, from the stored position on. All imports of the
 * process take turns at parsing.
 */
@Injectable()
export class ChunkSource {
  private readonly turns = new FairShare(1);

  constructor(
    private readonly reader: SpoolReader,
    private readonly rejectedRows: RejectedRowsReader,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  chunks(run: ImportRun): AsyncGenerator<PlacedChunk> {
    const { retry } = run.document;
    return retry ? this.askedAgain(run, retry) : this.uploaded(run);
  }

  private async *uploaded(run: ImportRun): AsyncGenerator<PlacedChunk> {
    const { document } = run;
    const rows = openRows(document);
    const isPacked = document.contentEncoding !== 'identity';
    // Unpacking cannot begin in the middle.
    const start = isPacked ? spoolStart : document.position.spool;
    const trail = new SpoolTrail(start);
    const stretches = this.stretches(run, start, isPacked ? undefined : trail);
    const decoded = unpacked(stretches, document.contentEncoding, this.config.KEYPORT_DECOMPRESSION_RATIO);
    let unpackedOf = 0;
    const parts = bytesOf(skip(decoded, (rows.from?.offset ?? 0) - start.offset), (processed) => {
      unpackedOf = processed;
    });
    for await (const chunk of this.parse(run, rows, isPacked ? parts : givenBack(parts))) {
      const { offset } = chunk.end;
      yield placed(chunk, { processed: isPacked ? unpackedOf : offset, spool: trail.restartFor(offset) });
    }
  }

  private async *askedAgain(run: ImportRun, retry: StoredRetry): AsyncGenerator<PlacedChunk> {
    const rows = openKnownRows(run.document);
    let { offset, row } = rows.from ?? { offset: 0, row: 0 };
    for await (const chunk of this.parse(run, rows, this.rejectedRows.read(retry, row, run.signal))) {
      ({ offset, row } = chunk.end);
      yield placed(chunk, { processed: offset, spool: spoolStart });
    }
    if (offset !== run.upload.sealedLength) throw new Error(`rejected rows of ${retry.of} are missing behind ${row}`);
  }

  private async *parse<Source>(
    run: ImportRun,
    rows: Rows<Source>,
    sources: AsyncIterable<Source>,
  ): AsyncGenerator<Chunk> {
    for await (const source of sources) {
      rows.push(source);
      for (let chunk = await this.read(run, rows); chunk; chunk = await this.read(run, rows)) yield chunk;
    }
    rows.end();
    for (let chunk = await this.read(run, rows); chunk; chunk = await this.read(run, rows)) yield chunk;
  }

  /** One chunk a turn, and between turns the process answers what else it is asked. */
  private async read(run: ImportRun, rows: Pick<Rows, 'read'>): Promise<Chunk | undefined> {
    const release = await this.turns.acquire({ holder: run.holder, job: run.importId }, run.signal);
    try {
      return rows.read();
    } finally {
      setImmediate(release);
    }
  }

  private async *stretches(run: ImportRun, from: SpoolPosition, trail?: SpoolTrail): AsyncGenerator<Stretch> {
    const idleMs = run.isEnding ? 0 : this.config.KEYPORT_UPLOAD_IDLE_SECONDS * 1000;
    for await (const stretch of this.reader.read(run.upload, from, { signal: run.signal, idleMs })) {
      trail?.add({ decoded: stretch.offset, restart: stretch.restart });
      yield stretch;
    }
  }
}

const placed = (chunk: Chunk, behind: Pick<StoredPosition, 'processed' | 'spool'>): PlacedChunk => ({
  chunk,
  next: { chunk: chunk.number + 1, ...behind, row: positionText(chunk.end) },
});

async function* bytesOf(
  parts: AsyncIterable<UnpackedPiece>,
  onProcessed: (processed: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const { bytes, processed } of parts) {
    onProcessed(processed);
    yield bytes;
  }
}

/** The reader of rows copies what it is given. */
async function* givenBack(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of parts) {
    yield bytes;
    giveBack(bytes);
  }
}
