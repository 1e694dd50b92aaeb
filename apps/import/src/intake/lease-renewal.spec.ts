import { describe, expect, it } from '@jest/globals';
import type { ImportConfig } from '../config.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import type { Conclusion } from './conclusion.service.ts';
import type { IdleUploads } from './idle-uploads.service.ts';
import type { ImportRunner, WorkDone } from './import-runner.service.ts';
import { IntakeService } from './intake.service.ts';
import type { Claimed, LeasesRepository } from './leases.repository.ts';
import type { ProgressRepository } from './progress.repository.ts';
import { UploadIdleError } from './spool-reader.ts';

/** What a service that holds an import asks of the leases, in order, until it has looked at its imports so often. */
async function asked(leaseSeconds: number, looks: number): Promise<string[]> {
  const document = {
    ...{ _id: 'import-1', creator: 'a', contentEncoding: 'identity', received: 0, sealedLength: null, failures: 0 },
    ...{ counts: { read: 0, rejected: 0 }, position: { spool: { sequence: 0, offset: 0, epoch: 1 } } },
  } as unknown as ImportDocument;
  const hold = { importId: 'import-1', session: { endSession: async () => undefined } };
  const claims = [{ document, hold, wasResting: true, lostHolders: 0 } as unknown as Claimed];
  const calls: string[] = [];
  const work = Promise.withResolvers<WorkDone>();
  const leases = {
    waiting: async () => claims.map(() => ({ importId: 'import-1', holder: 'a', memory: 1, isFresh: true })),
    claim: async () => claims.pop(),
    renew: async () => void calls.push('renewed'),
    sight: async () => {
      calls.push('looked');
      if (calls.filter((call) => call === 'looked').length >= looks)
        work.resolve({ cause: { error: new UploadIdleError() }, stragglers: [], settled: true });
      return [];
    },
  } as unknown as LeasesRepository;
  const config = { KEYPORT_IMPORT_MEMORY_BYTES: 1_000, KEYPORT_IMPORT_LEASE_SECONDS: leaseSeconds } as ImportConfig;
  const intake = new IntakeService(
    leases,
    {} as ProgressRepository,
    { work: () => work.promise } as unknown as ImportRunner,
    { isStillIdle: async () => false } as unknown as IdleUploads,
    { conclude: async () => undefined } as unknown as Conclusion,
    config,
  );
  intake.onApplicationBootstrap();
  await work.promise;
  await intake.onModuleDestroy();
  return calls;
}

describe('a lease', () => {
  it('that is short is renewed whenever its holder looks at its imports, before it runs out', async () => {
    const calls = await asked(2, 3);

    expect(calls.filter((call) => call === 'renewed')).toHaveLength(3);
  });
});
