import { describe, expect, it } from '@jest/globals';
import type { ImportDocument } from '../imports/import.model.ts';
import { IdleUploads } from './idle-uploads.service.ts';
import { ImportRun } from './import-run.ts';
import type { Claimed, Hold, LeasesRepository, Rest } from './leases.repository.ts';
import type { Spool } from './spool.ts';

const claimed = (idleSequence: number | null): Claimed => {
  const document = {
    ...{ _id: 'import-1', idleSequence, sealedLength: null, contentEncoding: 'identity', epoch: 1, failures: 0 },
    ...{ received: 0, counts: { read: 0, rejected: 0 }, position: { spool: { sequence: 0, offset: 0, epoch: 1 } } },
    ...{ touchedAt: new Date(), cancelRequestedAt: null },
  } as unknown as ImportDocument;
  return { document, hold: { importId: 'import-1' } as Hold, wasResting: true, lostHolders: 0 };
};

/** A spool whose last piece of the upload is this one, and what was stored of the upload. */
function idleUploads(lastInSpool: number | null) {
  const rests: Rest[] = [];
  const spool = { lastSequence: async () => lastInSpool } as unknown as Spool;
  const leases = { release: async (_hold: Hold, rest: Rest) => void rests.push(rest) } as unknown as LeasesRepository;
  return { idle: new IdleUploads(spool, leases), rests };
}

describe('an upload that is set aside', () => {
  it('is not idle any more where a piece came after its reader had stopped', async () => {
    const { idle, rests } = idleUploads(7);
    const run = new ImportRun(claimed(null));
    run.upload.lastRead = 5;

    await idle.setAside(run);

    const [rest] = rests;
    expect(rest?.idleSequence).toBe(5);
    expect(await idle.isStillIdle(new ImportRun(claimed(5)))).toBe(false);
  });

  it.each([
    ['all that came was read', 7],
    ['what was read is freed', null],
  ])('is idle where %s', async (_what, lastInSpool) => {
    const { idle } = idleUploads(lastInSpool);

    expect(await idle.isStillIdle(new ImportRun(claimed(7)))).toBe(true);
  });

  it('stays as it was read where nobody read on', async () => {
    const { idle, rests } = idleUploads(7);

    await idle.setAside(new ImportRun(claimed(7)));

    expect(rests.map(({ idleSequence }) => idleSequence)).toEqual([7]);
  });
});
