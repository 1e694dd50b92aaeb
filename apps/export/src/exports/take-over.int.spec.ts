import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Export } from '@keyport/contracts';
import { unpackZstd, type ServiceProcess } from '@keyport/testing';
import { orders } from '../harness/documents.ts';
import { ann, digestOf, ExportSystem } from '../harness/export-system.ts';
import { readPages, type Selection } from '../harness/read-pages.ts';
import { RecordsDouble } from '../harness/records-double.ts';

let system: ExportSystem;
let records: RecordsDouble;
let undisturbed: Export;
let service: ServiceProcess;

const start = () => system.startExport({ EXPORT_LEASE_SECONDS: '2' });

beforeAll(async () => {
  system = await ExportSystem.start();
  records = await RecordsDouble.on(system.servers);
  // Several stored batches.
  records.fill('orders', orders(24_000));
  service = await start();
  undisturbed = await system.completed(await system.create('orders'));
});

afterAll(() => system.stop());

beforeEach(() => records.reset());

/** An export of which a part is stored, and that waits for its next page. */
async function heldUp(selection: Selection = {}): Promise<{ job: Export; release: () => void }> {
  const release = records.holdScansBehind(9_000);
  const job = await system.create('orders', selection);
  await records.untilHeld();
  await system.untilPartStored(job.id);
  return { job, release };
}

describe('an export whose process is killed', () => {
  it('is finished by another one with the same bytes', async () => {
    const { job, release } = await heldUp();

    await service.end('SIGKILL');
    service = await start();
    release();

    const done = await system.completed(job);
    expect(done).toMatchObject({ digest: undisturbed.digest, bytes: undisturbed.bytes, counts: undisturbed.counts });
    expect(digestOf(await system.download(job.id))).toBe(undisturbed.digest);
  });

  it.each([
    ['gzip', gunzipSync],
    ['zstd', unpackZstd],
  ] as const)('is finished with the same bytes also where it is packed as %s', async (compression, unpack) => {
    const whole = await system.completed(await system.create('orders', { compression }));
    records.reset();
    const { job, release } = await heldUp({ compression });

    await service.end('SIGKILL');
    const left = await system.database.collection('exports').findOne({ _id: job.id as never });
    service = await start();
    release();

    const done = await system.completed(job);
    expect(left?.tail).not.toBeNull();
    expect(done).toMatchObject({ digest: whole.digest, bytes: whole.bytes, compression });
    expect(done.digest).not.toBe(undisturbed.digest);
    expect(digestOf(unpack(await system.download(job.id)))).toBe(undisturbed.digest);
  });

  it('is finished also when columns were still being collected', async () => {
    const release = records.holdScansBehind(9_000);
    const job = await system.create('orders', { format: 'tsv' });
    await records.untilHeld();

    await service.end('SIGKILL');
    service = await start();
    release();

    const streamed = await readPages(system.gateway, ann, 'orders', { format: 'tsv' });
    expect((await system.completed(job)).digest).toBe(digestOf(streamed.join('')));
  });

  it('is taken over at once where the process ended in order', async () => {
    const { job, release } = await heldUp();

    await service.end('SIGTERM');
    const left = await system.database.collection('exports').findOne({ _id: job.id as never });
    release();

    expect(left).toMatchObject({ lease: null, state: 'running' });
    service = await start();
    expect((await system.completed(job)).digest).toBe(undisturbed.digest);
  });
});

describe('an export whose surroundings are killed', () => {
  it.each(['mongod', 'nats'] as const)('goes on when it was %s', async (server) => {
    const { job, release } = await heldUp();

    await system.servers.kill(server);
    release();

    const { digest, bytes } = await system.completed(job);
    expect({ digest, bytes }).toEqual({ digest: undisturbed.digest, bytes: undisturbed.bytes });
  });
});
