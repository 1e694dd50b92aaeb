import { describe, expect, it } from '@jest/globals';
import type { ImportConfig } from '../config.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import type { Conclusion } from './conclusion.service.ts';
import type { IdleUploads } from './idle-uploads.service.ts';
import type { ImportRun } from './import-run.ts';
import type { ImportRunner, WorkDone } from './import-runner.service.ts';
import { IntakeService } from './intake.service.ts';
import type { Claimed, LeasesRepository } from './leases.repository.ts';
import type { ProgressRepository } from './progress.repository.ts';
import { UploadIdleError } from './spool-reader.ts';

const document = {
  ...{ _id: 'import-1', creator: 'user-1', contentEncoding: 'identity', epoch: 1, failures: 0, received: 0 },
  ...{
    sealedLength: null,
    counts: { read: 0, rejected: 0 },
    position: { spool: { sequence: 0, offset: 0, epoch: 1 } },
  },
  ...{ cancelRequestedAt: null },
} as unknown as ImportDocument;
const hold = { importId: 'import-1', owner: 'me', fence: 1, session: { endSession: async () => undefined } };

describe('an import that is given back', () => {
  it('has told what arrived, also where a beat is just about to tell it', async () => {
    const claims = [{ document, hold, wasResting: true, lostHolders: 0 } as unknown as Claimed];
    const leases = {
      waiting: async () => claims.map(() => ({ importId: 'import-1', holder: 'user-1', memory: 1, isFresh: true })),
      claim: async () => claims.pop(),
      renew: async () => undefined,
      sight: async () => [],
    } as unknown as LeasesRepository;
    const beat = Promise.withResolvers<void>();
    const atWork = Promise.withResolvers<WorkDone>();
    const givenBack = Promise.withResolvers<number>();
    let stored = 0;
    let tells = 0;
    const progress = {
      // The beat's own does not come to its end before the import is given back, and counts for nothing then.
      arrived: async (_hold: unknown, received: number) => {
        tells += 1;
        if (tells > 1) stored = received;
        else {
          atWork.resolve({ cause: { error: new UploadIdleError() }, stragglers: [], settled: true });
          await beat.promise;
        }
      },
    } as unknown as ProgressRepository;
    const runner = {
      work: (run: ImportRun) => {
        run.upload.received = 5;
        return atWork.promise;
      },
    } as unknown as ImportRunner;
    const idle = { isStillIdle: async () => false } as unknown as IdleUploads;
    const conclusion = { conclude: async () => givenBack.resolve(stored) } as unknown as Conclusion;
    const config = { KEYPORT_IMPORT_MEMORY_BYTES: 1_000 } as ImportConfig;
    const intake = new IntakeService(leases, progress, runner, idle, conclusion, config);

    intake.onApplicationBootstrap();
    const told = await givenBack.promise;
    beat.resolve();
    await intake.onModuleDestroy();

    expect(told).toBe(5);
  });
});
