import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listCorrectableRows, summarizeRejects, type RejectSummary } from '@keyport/contracts';
import { codeOf, eventually, type ServiceProcess } from '@keyport/testing';
import mongoose from 'mongoose';
import { counts } from '../harness/rows.ts';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { readConfig } from '../config.ts';
import { maxGroups } from './reject-groups.ts';
import { detailsAtOnce, RejectedRowsRepository } from './rejected-rows.repository.ts';

let system: ImportSystem;
let service: ServiceProcess;

const kept = 2_500;
const env = { KEYPORT_REJECTS_KEPT: String(kept), KEYPORT_IMPORT_LEASE_SECONDS: '2' };

beforeAll(async () => {
  system = await ImportSystem.start();
  service = await system.startImport(env);
});

afterAll(() => system.stop());

const summaryOf = (importId: string): Promise<RejectSummary> => system.ask(summarizeRejects, { importId });

/** All pages, as the gateway joins them. */
async function correctable(importId: string): Promise<string> {
  let text = '';
  for (let cursor: string | undefined; ;) {
    const page = await system.ask(listCorrectableRows, { importId, cursor });
    text += page.text;
    if (page.next === null) return text;
    cursor = page.next;
  }
}

const sumOf = ({ groups, other }: RejectSummary) => groups.reduce((sum, { count }) => sum + count, other?.count ?? 0);

async function storedWithoutId(name: string) {
  return (await system.collection(name))
    .find({}, { projection: { _id: 0 } })
    .sort({ id: 1 })
    .toArray();
}

describe('rejected rows', () => {
  it('beyond those that are kept are counted exactly, whatever their paths are', async () => {
    const name = await system.dataset();
    const row = (n: number) => (n % 7 === 0 ? `{"n":${n}}` : n % 7 === 1 ? 'bad' : `{"field-${n}":1e999}`);
    const file = Buffer.from(Array.from({ length: 35_000 }, (_, n) => row(n)).join('\n'));

    const done = await system.imported(name, file);

    expect(done.counts).toEqual(counts({ read: 35_000, inserted: 5_000, rejected: 30_000 }));
    const summary = await summaryOf(done.id);
    expect(summary).toMatchObject({ rejected: 30_000, kept });
    expect(sumOf(summary)).toBe(30_000);
    expect(summary.groups).toHaveLength(maxGroups);
    expect(summary.groups[0]).toEqual({ code: 'MALFORMED_JSON', count: 5_000, firstRow: 2 });
    expect(summary.groups[1]).toEqual({ code: 'NUMBER_OUT_OF_RANGE', path: 'field-2', count: 1, firstRow: 3 });
    expect(summary.other?.count).toBe(25_000 - maxGroups + 1);
    const rows = (await system.rejects(done.id)).map((reject) => reject.row);
    expect(rows).toEqual(
      Array.from({ length: 35_000 }, (_, n) => n + 1)
        .filter((n) => n % 7 !== 1)
        .slice(0, kept),
    );
    const stored = system.mongodb.db('import').collection('rejectedRows');
    expect(await stored.countDocuments({ importId: done.id })).toBe(kept);
  });

  it('and their summary are the same after the process was killed', async () => {
    const name = await system.dataset();
    const row = (n: number) => (n % 3 === 0 ? `{"n":${n}}` : `{"v":{"w":1e${n % 2 === 0 ? 999 : '1000000'}},"n":${n}}`);
    const file = Buffer.from(Array.from({ length: 90_000 }, (_, n) => row(n)).join('\n'));
    const importId = await system.send(name, file);
    for (const least of [5_000, 25_000]) {
      await eventually(
        () => system.stored(importId),
        (found) => found.counts.rejected >= least,
      );
      await service.end('SIGKILL');
      const { counts: before } = await system.stored(importId);
      const totals = await system.mongodb
        .db('import')
        .collection('rejectTotals')
        .findOne({ _id: importId as never });
      expect(sumOf(totals as never)).toBe(before.rejected);
      service = await system.startImport(env);
    }

    const done = await system.ended(importId);

    expect(done.counts).toEqual(counts({ read: 90_000, inserted: 30_000, rejected: 60_000 }));
    expect(await summaryOf(importId)).toEqual({
      ...{ rejected: 60_000, kept, other: null },
      groups: [{ code: 'NUMBER_OUT_OF_RANGE', path: 'v.w', count: 60_000, firstRow: 2 }],
    });
    expect(await system.rejects(importId)).toHaveLength(kept);
  });

  it('are shown to whoever may read the import, and to nobody else', async () => {
    const done = await system.imported(await system.dataset(), Buffer.from('bad\n'));
    const lost = { ...owner, scope: 'imports:read:other' };
    const stranger = { sub: 'stranger', scope: 'imports:create:*' };

    for (const contract of [summarizeRejects, listCorrectableRows]) {
      expect(await codeOf(system.ask(contract, { importId: done.id }, lost))).toBe('INSUFFICIENT_SCOPE');
      expect(await codeOf(system.ask(contract, { importId: done.id }, stranger))).toBe('IMPORT_NOT_FOUND');
      expect(await codeOf(system.ask(contract, { importId: 'nowhere' }))).toBe('IMPORT_NOT_FOUND');
    }
  });

  it('that are too many for one transaction follow it, and are all there', async () => {
    const { servers } = system;
    const connection = await mongoose.createConnection(servers.mongodbUrl, { dbName: 'import' }).asPromise();
    const config = readConfig({ ...process.env, MONGODB_URL: servers.mongodbUrl });
    const repository = new RejectedRowsRepository(connection, config);
    const rejected = Array.from({ length: 5_000 }, (_, n) => ({
      ...{ row: n + 1, line: n + 1, byteOffset: n, code: 'A', message: 'Wrong.', raw: 'x', rawComplete: true },
    }));
    const outcome = {
      number: 0,
      counts: counts({}) as never,
      range: { first: 1, last: 5_000 },
      rejected,
      groups: [{ code: 'A', count: 5_000, firstRow: 1 }],
    };

    const session = await connection.startSession();
    const rest = await session.withTransaction(() => repository.count(session, 'crowded', [outcome]));
    await session.endSession();
    const inside = await connection.collection('rejectedRows').countDocuments({ importId: 'crowded' });
    await repository.addRest('crowded', rest);

    expect([inside, rest.length]).toEqual([detailsAtOnce, 5_000 - detailsAtOnce]);
    const { rows } = await repository.page('crowded', -1, 10_000);
    expect(rows.map(({ row }) => row)).toEqual(rejected.map(({ row }) => row));
    expect((await repository.find('crowded'))?.kept.rows).toBe(5_000);
    await connection.close();
  });
});

describe('rejected rows as CSV', () => {
  const schema = { type: 'object', properties: { id: { type: 'integer' }, qty: { type: 'integer', minimum: 0 } } };

  it.each([
    ['csv', ',', {}],
    ['tsv', '\t', {}],
    ['csv', ';', { 'csv.delimiter': ';' }],
  ] as const)('can be corrected, and are all accepted then: %s %j', async (format, separator, options) => {
    const name = await system.dataset({ schema, key: ['id'] });
    const rows = [
      'id|qty|note',
      '1|one|=SUM(A1)',
      '2|2|fine',
      '3|-3|"two\nlines, ""said"""',
      '4|4',
      '1|1|',
      '2|5|again',
    ];
    const file = rows.join('\n').replaceAll('|', separator);
    const first = await system.imported(name, Buffer.from(file), { format, options });
    expect(first.counts).toEqual(counts({ read: 6, inserted: 2, rejected: 4 }));

    const text = await correctable(first.id);
    const lines = text.replaceAll(separator, '|').split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'id|qty|note|_error',
      '1|one|=SUM(A1)|TYPE_MISMATCH at qty: The cell cannot be stored as int.',
    ]);
    expect(lines.slice(2, 5).join('\n')).toMatch(/^3\|-3\|"two\nlines[,|] ""said"""\|.*SCHEMA_VIOLATION at qty/);
    const untouched = await system.imported(name, Buffer.from(text), {
      format,
      options: { ...options, 'csv.ignore': ['_error'] },
    });
    expect(untouched.counts).toEqual(counts({ read: 4, rejected: 4 }));

    const corrected = text
      .replaceAll(separator, '|')
      .replace('1|one', '11|1')
      .replace('3|-3', '3|3')
      .replace('4|4|', '4|4||')
      .replace('2|5|again', '5|5|again')
      .replaceAll('|', separator);
    const second = await system.imported(name, Buffer.from(corrected), {
      format,
      options: { ...options, 'csv.ignore': ['_error'] },
    });

    expect(second.counts).toEqual(counts({ read: 4, inserted: 4 }));
    expect(await storedWithoutId(name)).toEqual([
      { id: 1, qty: 1, note: '' },
      { id: 2, qty: 2, note: 'fine' },
      { id: 3, qty: 3, note: 'two\nlines, "said"' },
      { id: 4, qty: 4, note: '' },
      { id: 5, qty: 5, note: 'again' },
      { id: 11, qty: 1, note: '=SUM(A1)' },
    ]);
  });

  it('leave a column _error that is the sender’s own alone, unless they are asked to ignore it', async () => {
    const name = await system.dataset({ schema, key: ['id'] });
    const file = Buffer.from('id,qty,_error\n1,1,mine\n2,two,mine\n');

    const { id } = await system.imported(name, file, { format: 'csv' });

    expect(await storedWithoutId(name)).toEqual([{ id: 1, qty: 1, _error: 'mine' }]);
    expect((await correctable(id)).split('\n')[0]).toBe('id,qty,_error,_error_2');
  });

  it('of NDJSON are a table of what is told of each', async () => {
    const { id } = await system.imported(await system.dataset(), Buffer.from('{"n":1}\n{"v":1e999,"t":"a,b"}\n'));

    expect(await correctable(id)).toBe(
      'row,line,byteOffset,code,path,message,value,raw\n' +
        '2,2,8,NUMBER_OUT_OF_RANGE,v,The number is larger than a double.,1e999,"{""v"":1e999,""t"":""a,b""}"\n',
    );
  });

  it('and in pages are as many as a message carries', async () => {
    const name = await system.dataset();
    const long = '\\u0001'.repeat(2_000);
    const file = Buffer.from(Array.from({ length: 700 }, (_, n) => `{"n":${n},"v":1e999,"t":"${long}"}`).join('\n'));

    const { id } = await system.imported(name, file);
    const page = await system.ask(listCorrectableRows, { importId: id });

    expect(page.next).not.toBeNull();
    expect(page.text.length).toBeLessThan(4 * 1024 * 1024);
    expect((await correctable(id)).trimEnd().split('\n')).toHaveLength(701);
    expect(await system.rejects(id)).toHaveLength(700);
  });
});
