import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { codeOf, eventually, TeamMongod } from '@keyport/testing';
import { orders } from '../harness/documents.ts';
import { ExportSystem } from '../harness/export-system.ts';
import { RecordsDouble } from '../harness/records-double.ts';

/** Several stored batches. */
const orderCount = 24_000;

let system: ExportSystem;
let records: RecordsDouble;
/** Where the service stores its files: a mongod that can be told to fail. */
let mongod: TeamMongod;

beforeAll(async () => {
  system = await ExportSystem.start();
  records = await RecordsDouble.on(system.servers);
  records.fill('orders', orders(orderCount));
  mongod = await TeamMongod.start({ parameters: ['enableTestCommands=1'] });
  await system.startExport({
    ...{ MONGODB_URL: mongod.url('export'), EXPORT_LEASE_SECONDS: '1', EXPORT_SWEEP_SECONDS: '1' },
  });
});

afterAll(async () => {
  await Promise.all([system?.stop(), mongod?.stop()]);
});

beforeEach(() => records.reset());

/** MongoDB says OutOfDiskSpace to these commands on a collection, until told otherwise. */
async function fillDisk(failCommands: readonly string[], collection: string): Promise<() => Promise<unknown>> {
  const failpoint = (mode: string) =>
    mongod.db('admin').command({
      ...{ configureFailPoint: 'failCommand', mode },
      data: { errorCode: 14031, failCommands, namespace: `export.${collection}` },
    });
  await failpoint('alwaysOn');
  return () => failpoint('off');
}

const partsOf = (exportId: string) => mongod.db('export').collection('parts').countDocuments({ exportId });

async function halfWritten() {
  const release = records.holdScansBehind(9_000);
  const job = await system.create('orders');
  await eventually(
    () => partsOf(job.id),
    (parts) => parts > 0,
  );
  return { job, release };
}

/** Taken up once more by who has stored nothing yet, being held before its first page; who held it before is fenced out. */
async function takenUpAnew(exportId: string): Promise<() => void> {
  const fence = async () =>
    Number(
      (
        await mongod
          .db('export')
          .collection('exports')
          .findOne({ _id: exportId as never })
      )?.['fence'],
    );
  const release = records.holdScans(() => true);
  const before = await fence();
  await eventually(fence, (now) => now > before);
  return release;
}

describe('an export that meets a full disk', () => {
  it('fails, gives back what it took, and leaves no half file', async () => {
    const { job, release } = await halfWritten();

    const free = await fillDisk(['insert'], 'parts');
    release();
    const ended = await system.ended(job);
    await free();

    expect(ended).toMatchObject({ state: 'failed', digest: null, error: { code: 'EXPORTS_FULL' } });
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
    await eventually(
      () => partsOf(job.id),
      (parts) => parts === 0,
    );
  });

  it('waits where not even that can be stored, and is whole once there is room', async () => {
    const undisturbed = await system.completed(await system.create('orders'));
    records.reset();
    const { job, release } = await halfWritten();

    const free = await fillDisk(['update'], 'exports');
    release();
    const scans = records.scans;
    // It was given up, taken up again, and given up again.
    await records.untilScan(scans + 8);
    // One that was refused and is just about to say so would fail, as it should, were there room again now.
    const goOn = await takenUpAnew(job.id);
    expect(await system.get(job.id)).toMatchObject({ state: 'running', digest: null });
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
    await free();
    goOn();

    const { digest, bytes } = await system.completed(job);
    expect({ digest, bytes }).toEqual({ digest: undisturbed.digest, bytes: undisturbed.bytes });
  });

  it('is refused where it cannot be accepted', async () => {
    const free = await fillDisk(['insert'], 'exports');

    const refused = await codeOf(system.create('orders'));
    await free();

    expect(refused).toBe('EXPORTS_FULL');
    expect((await system.completed(await system.create('orders'))).counts.written).toBe(orderCount);
  });
});
