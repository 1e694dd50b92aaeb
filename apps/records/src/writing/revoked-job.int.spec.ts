import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataset } from '@keyport/contracts';
import { codeOf, GrantSigner, until } from '@keyport/testing';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;
let grants: GrantSigner;

beforeAll(async () => {
  system = await RecordsSystem.start();
  grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
});

afterAll(() => system.stop());

const rows = [{ _id: 1 }, { _id: 1 }, { _id: 2 }];

/** A job whose grant writes to the dataset, and its revocation. */
async function job(dataset: string, jobId: string) {
  const tokenId = `token-of-${jobId}`;
  const authority = await grants.sign(jobId, { tokenId, scope: `imports:create:${dataset}` });
  const write = (sequence: number, source = jobId) => system.write(dataset, rows, { source, sequence }, { authority });
  const describe = () => system.bus.ask('import', getDataset, { name: dataset }, { authority });
  const revoke = async () => {
    await grants.revoke(tokenId);
    await until(async () => (await codeOf(describe())) === 'RIGHTS_LOST', 'the revocation to be seen');
  };
  return { write, revoke };
}

/** Since mongod was started; one that meets a row of another open one is aborted. */
async function abortedTransactions(): Promise<number> {
  const status = await system.database.db?.admin().serverStatus();
  return Number((status?.['transactions'] as { totalAborted: unknown }).totalAborted);
}

describe('a job whose token was revoked', () => {
  it('is told what became of a chunk that it wrote, and writes no other', async () => {
    await system.dataset('told');
    const { write, revoke } = await job('told', '00000000000000aa');
    const first = await write(0);
    await revoke();

    expect(await write(0)).toEqual(first);
    expect(await codeOf(write(1))).toBe('RIGHTS_LOST');
    expect(await codeOf(write(0, 'another'))).toBe('RIGHTS_LOST');
    expect(await system.scan('told')).toHaveLength(2);
  });

  it('is told of a chunk whose transaction was still open when it asked', async () => {
    await system.dataset('open');
    const { write, revoke } = await job('open', '00000000000000bb');
    await revoke();
    const reply = { inserted: 3, updated: 0, unchanged: 0, deleted: 0, rejected: [] };
    const ledger = system.database.collection('ledger');
    await system.letTransactionsLive(600);
    const session = await system.database.startSession();
    session.startTransaction();
    const entry = { _id: '00000000000000bb:0', dataset: 'open', reply, createdAt: new Date() };
    await ledger.insertOne(entry as never, { session });

    const before = await abortedTransactions();
    const answer = write(0);
    await until(async () => (await abortedTransactions()) > before, 'the job to meet the open transaction');
    await session.commitTransaction();
    await session.endSession();

    expect(await answer).toEqual({ ...reply, skipped: 0 });
  });

  it('leaves no chunk behind that could still be written once it was refused', async () => {
    await system.dataset('closed');
    const { write, revoke } = await job('closed', '00000000000000cc');
    await revoke();
    await codeOf(write(0));

    // As a process that has let the request in before, and comes to write it only now.
    const late = system.write('closed', rows, { source: '00000000000000cc', sequence: 0 });

    expect(await codeOf(late)).toBe('RIGHTS_LOST');
    expect(await system.scan('closed')).toEqual([]);
  });
});
