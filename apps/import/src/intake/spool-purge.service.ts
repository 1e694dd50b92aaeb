import { Injectable, Logger } from '@nestjs/common';
import type { ImportRun } from './import-run.ts';
import type { SpoolPosition } from './piece-sequence.ts';
import { Spool } from './spool.ts';

/** Bytes of an upload that may lie behind its position before they are freed: one request for many pieces. */
const purgeEveryBytes = 32 * 1024 * 1024;

/** Frees what is read and counted. A purge that does not work is made up for by the next one, or by the sweep. */
@Injectable()
export class SpoolPurge {
  private readonly logger = new Logger('spool');

  constructor(private readonly spool: Spool) {}

  behind(run: ImportRun, { sequence, offset }: SpoolPosition): void {
    if (offset - run.purgedUntil < purgeEveryBytes) return;
    run.purgedUntil = offset;
    void this.purge(run.importId, sequence);
  }

  async all(importId: string): Promise<void> {
    await this.purge(importId);
  }

  private async purge(importId: string, beforeSequence?: number): Promise<void> {
    try {
      await this.spool.purge(importId, beforeSequence);
    } catch (error) {
      this.logger.warn({ err: error, importId }, 'the spool was not purged');
    }
  }
}
