import { Injectable } from '@nestjs/common';
import type { ImportRun } from './import-run.ts';
import { LeasesRepository } from './leases.repository.ts';
import { Spool } from './spool.ts';

/**
 * An idle upload is looked at again after so long, and the later, the longer nothing came; sealing it, going on with it,
 * or cancelling it wakes it at once.
 */
const [shortestRestMs, longestRestMs] = [5_000, 60_000];

/** Uploads whose client broke off or is slow: they take no place and no reader while nothing comes. */
@Injectable()
export class IdleUploads {
  constructor(
    private readonly spool: Spool,
    private readonly leases: LeasesRepository,
  ) {}

  /** As far as it was read: a piece that has come since the reader stopped is new to whoever looks next. */
  async setAside(run: ImportRun): Promise<void> {
    const idleSequence = Math.max(run.upload.lastRead, run.document.idleSequence ?? 0);
    const hasMoved = run.upload.received > run.document.received;
    const quietMs = hasMoved ? 0 : Date.now() - run.document.touchedAt.getTime();
    const forMs = Math.min(Math.max(shortestRestMs, quietMs / 4), longestRestMs);
    await this.leases.release(run.hold, { settled: true, forMs, idleSequence, epoch: run.document.epoch });
  }

  /** Nothing came since it was set aside. Asked before its bytes are unpacked once more for nothing. */
  async isStillIdle({ document, importId, isEnding }: ImportRun): Promise<boolean> {
    if (isEnding) return false;
    if (document.idleSequence === null || document.sealedLength !== null) return false;
    const last = await this.spool.lastSequence(importId);
    // What was read may be freed since.
    return last === null || last === document.idleSequence;
  }
}
