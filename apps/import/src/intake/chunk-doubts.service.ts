import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import { ChunkWriter } from '../parsing/chunk-writer.service.ts';
import { ChunkSource, type PlacedChunk } from './chunk-source.service.ts';
import type { ImportRun } from './import-run.ts';
import { isRefusal } from './run-ending.ts';
import { UploadIdleError } from './spool-reader.ts';

/** Finds out what became of chunks that a lost holder may have sent, so that an import ends with all of them counted. */
@Injectable()
export class ChunkDoubts {
  constructor(
    private readonly source: ChunkSource,
    private readonly writer: ChunkWriter,
  ) {}

  /**
   * Sends every chunk again that the holder before may have sent: the ledger answers for what is written. Of an import
   * whose rights are gone, a chunk that is not written is refused, and then nobody can write it any more. The position
   * stays where it is: an import that is to be ended never goes on.
   */
  async settle(run: ImportRun): Promise<ChunkOutcome[]> {
    const written: ChunkOutcome[] = [];
    let left = run.chunksInDoubt;
    if (left === 0) return written;
    for await (const { chunk } of this.readable(run)) {
      const outcome = await this.outcomeOf(run, chunk);
      if (outcome) written.push(outcome);
      left -= 1;
      if (left === 0) break;
    }
    return written;
  }

  /** Chunks as far as there are any: what cannot be read now, nobody can have sent. */
  private async *readable(run: ImportRun): AsyncGenerator<PlacedChunk> {
    const chunks = this.source.chunks(run);
    try {
      for (;;) {
        const next = await chunks.next().catch(endOfFile);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await chunks.return(undefined);
    }
  }

  private async outcomeOf(run: ImportRun, chunk: PlacedChunk['chunk']): Promise<ChunkOutcome | undefined> {
    try {
      return await this.writer.write(run.document, chunk, { mayReject: run.mayReject, signal: run.signal });
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }
}

/** Of a file that is cut off, or cannot be read beyond some point. */
function endOfFile(error: unknown): IteratorReturnResult<undefined> {
  const isEnd = error instanceof UploadIdleError || (error instanceof KeyportError && error.status < 500);
  if (!isEnd) throw error;
  return { done: true, value: undefined };
}
