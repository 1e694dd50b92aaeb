import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  cancelImport,
  listRejects,
  pauseImport,
  putDataset,
  resumeImport,
  retryImport,
  undoImport,
  type Import,
  type RejectedRow,
} from '@keyport/contracts';
import { codeOf, eventually, revokeToken, type ServiceProcess } from '@keyport/testing';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { counts } from '../harness/rows.ts';

const settings = { KEYPORT_IMPORT_LEASE_SECONDS: '2', KEYPORT_IMPORT_ANSWER_SECONDS: '2' };

let system: ImportSystem;
let service: ServiceProcess;

beforeAll(async () => {
  system = await ImportSystem.start();
  service = await system.startImport(settings);
});

afterAll(() => system.stop());

const ask = (importId: string, who = owner) => system.ask(retryImport, { importId }, who);
const retried = async (importId: string): Promise<Import> => system.ended((await ask(importId)).id);

const strict = {
  type: 'object',
  properties: { id: { type: 'integer' }, qty: { type: 'integer', minimum: 0 }, note: { type: 'string' } },
};
const relaxed = { type: 'object', properties: { id: { type: 'integer' }, note: { type: 'string' } } };

async function stored(name: string) {
  const found = await (
    await system.collection(name)
  )
    .find({}, { projection: { _id: 0 } })
    .sort({ id: 1 })
    .toArray();
  return JSON.parse(JSON.stringify(found)) as Record<string, unknown>[];
}

/** Of six rows the first is good, the next two will be, one can never be read, one is there already, one has no number. */
const [good, two, three] = [
  { id: 1, qty: 1, note: 'fine' },
  { id: 2, qty: -2, note: 'two\nlines' },
  { id: 3, qty: 'three', note: 'ä€😀' },
];
const text = (row: object) => JSON.stringify(row);
const again = text({ ...good, qty: 9 });
const cells = [
  ...['id|qty|note', '1|1|fine', '', '2|-2|"two\nlines"', '3|three|"ä€😀"', '4|4', '1|9|again', 'x|5|"no ""number"""'],
].join('\r\n');
const files = {
  ndjson: `${text(good)}\n\n${text(two)}\r\n${text(three)}\n{"id":4\n${again}\n{"id":"x"}`,
  json: `[${text(good)},\n ${JSON.stringify(two, null, 2)} , ${text(three)}, {"id":4 4},\n\n${again},{"id":"x"}]`,
  csv: cells.replaceAll('|', ','),
  tsv: cells.replaceAll('|', '\t'),
} as const;

const utf8 = (file: string): Buffer => Buffer.from(file);
const encoded = {
  'UTF-8': utf8,
  'UTF-16': (file: string) => Buffer.from(`\ufeff${file}`, 'utf16le'),
  gzip: (file: string) => gzipSync(file),
};

/** An import of so many rows, all of them rejected, and all but some of them good now. */
async function threeThousand({ isStillBad = (_n: number): boolean => false } = {}) {
  const key = ['n'];
  const name = await system.dataset({ schema: strict, key });
  const rows = Array.from({ length: 3_000 }, (_, n) => (isStillBad(n) ? { n, note: 5 } : { n, qty: -1 }));
  const first = await system.imported(name, utf8(rows.map(text).join('\n')));
  expect(first.counts).toEqual(counts({ read: 3_000, rejected: 3_000 }));
  await system.ask(putDataset, { name, schema: relaxed, key });
  return { name, first, block: (n: number) => blocked(name, n) };
}

const hasRead = (importId: string, rows: number) =>
  eventually(
    () => system.stored(importId),
    ({ counts: { read } }) => read >= rows,
  );

/** As long as somebody else's transaction holds the key, no chunk with that row can be written. */
async function blocked(name: string, n: number): Promise<() => Promise<void>> {
  const records = await system.collection(name);
  return system.locked((session) => records.insertOne({ n }, { session }));
}

describe('a retry of rejected rows', () => {
  it.each([
    ['ndjson', 'UTF-8'],
    ['json', 'UTF-8'],
    ['csv', 'UTF-8'],
    ['tsv', 'UTF-8'],
    ['ndjson', 'UTF-16'],
    ['csv', 'UTF-16'],
    ['csv', 'gzip'],
    ['json', 'gzip'],
  ] as const)(
    'of %s in %s writes what can be written now, and says where in the file the rest stood',
    async (format, encoding) => {
      const key = ['id'];
      const name = await system.dataset({ schema: strict, key });
      const contentEncoding = encoding === 'gzip' ? 'gzip' : 'identity';
      const first = await system.imported(name, encoded[encoding](files[format]), { format, contentEncoding });
      expect(first.counts).toEqual(counts({ read: 6, inserted: 1, rejected: 5 }));
      await system.ask(putDataset, { name, schema: relaxed, key });

      const second = await retried(first.id);

      expect(second).toMatchObject({
        ...{ state: 'completed', format, mode: 'insert', retry: { of: first.id, rows: 5, leftOut: 0 } },
        counts: counts({ read: 5, inserted: 2, rejected: 3 }),
      });
      expect(second.bytes.processed).toBe(second.bytes.received);
      const isCells = format === 'csv' || format === 'tsv';
      const qtyOf = ({ qty }: { qty: unknown }) => (isCells ? String(qty) : qty);
      expect(await stored(name)).toEqual([good, { ...two, qty: qtyOf(two) }, { ...three, qty: qtyOf(three) }]);
      const [before, after] = await Promise.all([system.rejects(first.id), system.rejects(second.id)]);
      const placeOf = ({ row, line, byteOffset, raw, rawComplete }: RejectedRow) => [
        row,
        line,
        byteOffset,
        raw,
        rawComplete,
      ];
      expect(after.map(placeOf)).toEqual(before.slice(2).map(placeOf));
      const unreadable = isCells ? 'RAGGED_ROW' : 'MALFORMED_JSON';
      expect(after.map(({ code }) => code)).toEqual([unreadable, 'DUPLICATE_KEY', 'TYPE_MISMATCH']);
    },
  );

  it('leaves out rows whose text is not kept whole, and says how many', async () => {
    const name = await system.dataset({ schema: strict });
    const long = text({ qty: -1, note: 'x'.repeat(17_000) });
    const broken = Buffer.from([0x7b, 0x22, 0xff, 0x0a]);
    const file = Buffer.concat([utf8(`${long}\n`), broken, utf8(`{"qty":-1}\n${long}\n{"qty":-2}\n`)]);
    const first = await system.imported(name, file);
    await system.ask(putDataset, { name, schema: relaxed });

    const second = await retried(first.id);
    const third = await codeOf(ask(second.id));

    expect(second).toMatchObject({
      retry: { of: first.id, rows: 2, leftOut: 3 },
      counts: counts({ read: 2, inserted: 2 }),
    });
    expect(third).toBe('NOTHING_TO_RETRY');
    const lost = await system.imported(name, utf8('{"qty":"a","note":1}\n{"note":1}\n'));
    const stores = system.mongodb.db('import');
    // As the end of a process leaves it that was killed before the details of a failed import had followed.
    await stores.collection('rejectedRows').deleteOne({ importId: lost.id, row: 2 });
    await stores.collection('imports').updateOne({ _id: lost.id as never }, { $set: { finishedAt: new Date(0) } });
    expect((await ask(lost.id)).retry).toEqual({ of: lost.id, rows: 1, leftOut: 1 });
    const only = await system.imported(await system.dataset(), utf8(`{"v":1e999,"t":"${'x'.repeat(17_000)}"}`));
    expect(await codeOf(ask(only.id))).toBe('NOTHING_TO_RETRY');
  });

  it('keeps mode, key, types and the limit of rejects of the import', async () => {
    const name = await system.dataset({
      schema: { type: 'object', properties: { n: { type: 'integer', minimum: 0 } } },
    });
    const reading = { types: 'header', 'csv.nullText': '-' } as const;
    const options = { mode: 'upsert' as const, key: ['k'], maxErrors: 2, ...reading };
    const file = utf8('k.string(),n,x.int32()\na,-1,5\nb,2,-\na,-3,7\n');
    const first = await system.imported(name, file, { format: 'csv', options });
    expect(first).toMatchObject({ state: 'completed', counts: counts({ read: 3, inserted: 1, rejected: 2 }) });
    await system.ask(putDataset, { name, schema: { type: 'object', properties: { n: { type: 'integer' } } } });

    const second = await retried(first.id);

    expect(second).toMatchObject({ mode: 'upsert', counts: counts({ read: 2, inserted: 1, updated: 1 }) });
    expect(await stored(name)).toEqual(
      expect.arrayContaining([
        { k: 'b', n: 2, x: null },
        { k: 'a', n: -3, x: 7 },
      ]),
    );
  });

  it('is one, however often and by how many at once it is asked for, and can be retried itself', async () => {
    const name = await system.dataset({ schema: strict });
    const first = await system.imported(name, utf8('{"qty":-1}\n{"qty":1}\n{"qty":"x"}\n'));

    const asked = await Promise.all(Array.from({ length: 8 }, () => ask(first.id)));
    const second = await system.ended(asked[0]!.id);
    const later = await ask(first.id);
    await system.ask(putDataset, { name, schema: relaxed });
    const third = await retried(second.id);

    expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
    expect(later).toEqual(second);
    expect(second.counts).toEqual(counts({ read: 2, rejected: 2 }));
    expect(third).toMatchObject({ retry: { of: second.id, rows: 2 }, counts: counts({ read: 2, inserted: 2 }) });
    expect(await system.mongodb.db('import').collection('imports').countDocuments({ 'retry.of': first.id })).toBe(1);
    expect((await system.imported(name, utf8('{"qty":-1}\n'))).counts).toMatchObject({ inserted: 1 });
  });

  it('writes and counts each row once, whoever is killed on the way', async () => {
    const isStillBad = (n: number) => n % 7 === 3;
    const { name, first, block } = await threeThousand({ isStillBad });
    const unblock = await block(1_500);
    const { id } = await ask(first.id);

    await hasRead(id, 1_000);
    await service.end('SIGKILL');
    await Promise.all([unblock(), system.restartRecords()]);
    const unblockLater = await block(2_501);
    service = await system.startImport(settings);
    await hasRead(id, 2_000);
    await service.end('SIGKILL');
    await unblockLater();
    service = await system.startImport(settings);
    const second = await system.ended(id);

    const numbers = Array.from({ length: 3_000 }, (_, n) => n);
    const stillBad = numbers.filter(isStillBad);
    const inserted = 3_000 - stillBad.length;
    expect(second.counts).toEqual(counts({ read: 3_000, inserted, rejected: stillBad.length }));
    const records = await system.collection(name);
    expect(await records.distinct('n')).toEqual(numbers.filter((n) => !isStillBad(n)));
    expect(await records.countDocuments()).toBe(inserted);
    expect((await system.rejects(id)).map(({ row }) => row - 1)).toEqual(stillBad);
  });

  it('can be paused, resumed and undone, and is the same meanwhile', async () => {
    const { name, first, block } = await threeThousand();
    const release = await block(500);
    const { id } = await ask(first.id);

    const paused = await system.ask(pauseImport, { importId: id });
    const asked = await ask(first.id);
    await release();
    await system.ask(resumeImport, { importId: id });
    const second = await system.ended(id);
    await system.ask(undoImport, { importId: id });
    const undone = await eventually(
      () => system.get(id),
      ({ undo }) => undo?.state === 'completed',
    );

    expect(paused).toMatchObject({ state: 'paused', counts: counts({}) });
    expect(asked).toMatchObject({ id, state: 'paused' });
    expect(second).toMatchObject({ state: 'completed', counts: counts({ read: 3_000, inserted: 3_000 }) });
    expect(undone.undo).toMatchObject({ removed: 3_000, left: 0, gone: 0 });
    expect(await system.count(name)).toBe(0);
  });

  it('that ends early leaves what it has not read to the next one that is asked for', async () => {
    const { name, first, block } = await threeThousand();
    const scope = `imports:update:${name} imports:create:${name}`;
    const release = await block(1_500);
    const { id } = await ask(first.id, { sub: 'helper', jti: 'of-the-helper', scope });
    await hasRead(id, 1_000);

    await revokeToken(await system.servers.connectionOf('auth'), 'of-the-helper');
    const lost = await system.ended(id);
    await release();
    const rest = await retried(first.id);

    expect(lost).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
    const { read } = lost.counts;
    expect(lost.counts).toEqual(counts({ read, inserted: read }));
    const left = 3_000 - read;
    expect(left).toBeGreaterThan(0);
    expect(rest).toMatchObject({
      ...{ state: 'completed', retry: { of: first.id, rows: left, leftOut: 0 } },
      counts: counts({ read: left, inserted: left }),
    });
    expect(await ask(first.id)).toEqual(rest);
    expect((await (await system.collection(name)).distinct('n')).length).toBe(3_000);
  });

  it('that is cancelled ends with exact counts', async () => {
    const { name, first, block } = await threeThousand();
    const release = await block(1_500);
    const { id } = await ask(first.id);

    // Answered although it cannot end yet.
    await system.ask(cancelImport, { importId: id });
    await release();
    const { state, counts: counted } = await system.ended(id);

    expect(state).toBe('cancelled');
    expect(await system.count(name)).toBe(counted.inserted);
    const rest = await retried(first.id);
    expect(rest.id === id).toBe(counted.read === 3_000);
    expect(await system.count(name)).toBe(3_000);
  });

  it('fails where the header does not go with the schema of today, and is asked anew once it does', async () => {
    const name = await system.dataset({ schema: strict });
    const file = utf8('id,a,a.b\n');
    const unusable = await system.imported(name, file, { format: 'csv' });
    expect(await codeOf(ask(unusable.id))).toBe('NOTHING_TO_RETRY');
    const first = await system.imported(name, utf8('id,qty\n1,-1\n'), { format: 'csv', options: { types: 'header' } });
    const typed = (schema: Record<string, unknown>) => system.ask(putDataset, { name, schema });
    await typed({ type: 'object', properties: { id: { type: 'integer' } } });

    const failed = await retried(first.id);
    await typed({ ...relaxed, properties: { ...relaxed.properties, qty: { type: 'integer' } } });
    const done = await retried(first.id);

    expect(failed).toMatchObject({ state: 'failed', error: { code: 'BAD_HEADER' }, counts: counts({}) });
    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 1, inserted: 1 }) });
  });

  it('is for who may end the import and may import what it writes; its rows stay those of who sent them', async () => {
    const name = await system.dataset({ schema: strict, key: ['id'] });
    const holding = (sub: string, ...scopes: string[]) => ({
      sub,
      scope: scopes.map((one) => `${one}:${name}`).join(' '),
    });
    const sender = holding('sender', 'imports:create', 'records:update');
    const options = { mode: 'upsert' } as const;
    const importId = await system.send(name, utf8('{"id":1,"qty":-1}'), { options }, sender);
    await system.ended(importId);

    expect(await codeOf(ask(importId, holding('another', 'imports:create', 'records:update')))).toBe(
      'IMPORT_NOT_FOUND',
    );
    for (const scopes of [
      ['imports:read', 'imports:create', 'records:update'],
      ['imports:update', 'imports:create'],
      ['imports:update', 'records:update'],
    ]) {
      expect(await codeOf(ask(importId, holding('another', ...scopes)))).toBe('INSUFFICIENT_SCOPE');
    }
    const another = holding('another', 'imports:update', 'imports:create', 'records:update');
    const { id } = await ask(importId, another);
    await system.ended(id);

    expect(await codeOf(system.ask(listRejects, { importId: id, limit: 10 }, another))).toBe('INSUFFICIENT_SCOPE');
    const reader = holding('another', 'imports:read');
    expect((await system.ask(listRejects, { importId: id, limit: 10 }, reader)).items).toHaveLength(1);
    expect(await codeOf(ask(importId, sender))).toBe('ALREADY_RETRIED');
    expect(await ask(importId, another)).toMatchObject({ id });
  });

  it('is refused while the import runs, of a dry run, and where nothing was rejected', async () => {
    const name = await system.dataset({ schema: strict });
    const running = await system.create(name);
    const dry = await system.imported(name, utf8('{"qty":-1}\n'), { options: { dryRun: true } });
    const clean = await system.imported(name, utf8('{"qty":1}\n'));

    expect(await codeOf(ask(running))).toBe('IMPORT_STATE');
    expect(await codeOf(ask(dry.id))).toBe('IMPORT_STATE');
    expect(await codeOf(ask(clean.id))).toBe('NOTHING_TO_RETRY');
    expect(await codeOf(ask('nowhere'))).toBe('IMPORT_NOT_FOUND');
  });
});
