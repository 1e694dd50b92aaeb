import { maxPieceBytes } from '@keyport/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { ImportsRepository } from '../imports/imports.repository.ts';
import type { ImportRun } from './import-run.ts';
import type { SpoolPosition } from './piece-sequence.ts';
import { Spool } from './spool.ts';
import { SpoolRoom } from './spool-room.service.ts';

/** Frees what is read and counted. A purge that does not work is made up for by the next one, or by the sweep. */
@Injectable()
export class SpoolPurge {
  private readonly logger = new Logger('spool');

  constructor(
    private readonly spool: Spool,
    private readonly room: SpoolRoom,
    private readonly imports: ImportsRepository,
  ) {}

  /** One request for many pieces, unless room is scarce. */
  behind(run: ImportRun, position: SpoolPosition): void {
    const least = this.room.isTight ? maxPieceBytes : this.room.portion;
    if (position.offset - run.purgedUntil >= least) void this.upTo(run, position);
  }

  /** All that a run which is over has counted. */
  async rest(run: ImportRun): Promise<void> {
    if (run.spoolPosition.offset > run.purgedUntil) await this.upTo(run, run.spoolPosition);
  }

  async all(importId: string): Promise<void> {
    await this.purge(importId);
  }

  /** What ended imports left, or was sent after their end. */
  async leftovers(): Promise<void> {
    const spooled = await this.spool.importIds();
    const needed = await this.imports.unfinishedAmong(spooled);
    for (const importId of spooled.filter((id) => !needed.has(id))) await this.all(importId);
  }

  private async upTo(run: ImportRun, { sequence, offset }: SpoolPosition): Promise<void> {
    run.purgedUntil = offset;
    await this.purge(run.importId, sequence);
  }

  private async purge(importId: string, beforeSequence?: number): Promise<void> {
    try {
      await this.spool.purge(importId, beforeSequence);
    } catch (error) {
      this.logger.warn({ err: error, importId }, 'the spool was not purged');
    }
  }
}
