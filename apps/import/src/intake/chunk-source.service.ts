import type { Chunk, UnpackedPiece } from '@keyport/codec';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { StoredPosition } from '../imports/import.model.ts';
import { openRows, positionText, type Rows } from '../parsing/rows.ts';
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

/** Turns an upload into chunks, from the stored position on. All imports of the process take turns at parsing. */
@Injectable()
export class ChunkSource {
  private readonly turns = new FairShare(1);

  constructor(
    private readonly reader: SpoolReader,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  async *chunks(run: ImportRun): AsyncGenerator<PlacedChunk> {
    const { document } = run;
    const rows = openRows(document);
    const isPacked = document.contentEncoding !== 'identity';
    // Unpacking cannot begin in the middle.
    const start = isPacked ? spoolStart : document.position.spool;
    const trail = new SpoolTrail(start);
    const stretches = this.stretches(run, start, isPacked ? undefined : trail);
    const decoded = unpacked(stretches, document.contentEncoding, this.config.KEYPORT_DECOMPRESSION_RATIO);
    const place = (chunk: Chunk, processed: number): PlacedChunk => ({
      chunk,
      next: {
        chunk: chunk.number + 1,
        processed: isPacked ? processed : chunk.end.offset,
        spool: trail.restartFor(chunk.end.offset),
        row: positionText(chunk.end),
      },
    });
    yield* this.parse(run, rows, skip(decoded, rows.startOffset - start.offset), place);
  }

  private async *parse(
    run: ImportRun,
    rows: Rows,
    parts: AsyncIterable<UnpackedPiece>,
    place: (chunk: Chunk, processed: number) => PlacedChunk,
  ): AsyncGenerator<PlacedChunk> {
    let processed = 0;
    for await (const part of parts) {
      processed = part.processed;
      rows.push(part.bytes);
      for (let chunk = await this.read(run, rows); chunk; chunk = await this.read(run, rows)) {
        yield place(chunk, processed);
      }
    }
    rows.end();
    for (let chunk = await this.read(run, rows); chunk; chunk = await this.read(run, rows)) {
      yield place(chunk, processed);
    }
  }

  /** One chunk a turn, and between turns the process answers what else it is asked. */
  private async read(run: ImportRun, rows: Rows): Promise<Chunk | undefined> {
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
