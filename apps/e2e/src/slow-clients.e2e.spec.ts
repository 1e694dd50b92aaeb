import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, oneOfThree, residentBytes, TestStack, until } from '@keyport/testing';
import { MongoClient, type Db } from 'mongodb';
import { openStream, readStream } from './streaming.ts';

const recordCount = 50_000;
const recordBytes = 2_000;
const clientCount = 30;
const mebibyte = 1024 * 1024;

interface Metrics {
  readonly cursor: { readonly open: { readonly total: number | bigint } };
  readonly document: { readonly returned: number | bigint };
  readonly queryExecutor: { readonly scannedObjects: number | bigint };
}

/** Each is tried at every place by the pattern below, so that reading all of them takes seconds on any machine. */
const slowText = 'ab'.repeat(30);
const slowPattern = { text: { $regex: 'a.*b.*[cd]$' } };

describe('A client that reads slowly', () => {
  let stack: TestStack;
  let mongo: MongoClient;
  let records: Db;

  beforeAll(async () => {
    stack = await TestStack.start();
    mongo = await MongoClient.connect((await stack.describe()).mongodbUrl);
    records = mongo.db('records');
    await fill();
  });

  afterAll(async () => {
    await mongo?.close();
    await stack?.stop();
  });

  /** Past the import, which is not what is tested; the first record alone matches the slow pattern. */
  async function fill(): Promise<void> {
    await stack.client.putDataset('large');
    const definition = await records.collection('datasets').findOne({ _id: 'large' as never });
    const collection = records.collection(String(definition?.collectionName));
    const note = 'x'.repeat(recordBytes);
    for (let from = 0; from < recordCount; from += 5_000) {
      const batch = Array.from({ length: 5_000 }, (_, index) => record(from + index, note));
      await collection.insertMany(batch as never[], { ordered: false });
    }
  }

  const record = (n: number, note: string) => ({ _id: n, text: n === 0 ? `${slowText}c` : slowText, note });

  const pathOf = (query = '') => `/v1/datasets/large/records${query}`;

  /** What mongod counts. */
  async function metrics(): Promise<Metrics> {
    const status = await mongo.db('admin').command({ serverStatus: 1 });
    return status['metrics'] as Metrics;
  }

  const openCursors = async () => Number((await metrics()).cursor.open.total);
  const answered = async () => Number((await metrics()).document.returned);
  const examined = async () => Number((await metrics()).queryExecutor.scannedObjects);

  const idleCursors = () =>
    mongo
      .db('admin')
      .aggregate([{ $currentOp: { allUsers: true, idleCursors: true } }, { $match: { type: 'idleCursor' } }])
      .match({ ns: /^records\./ })
      .toArray();

  /**
   * Resolves once nothing more is read from the database, for longer than pages wait for a client. Counted in looks, as
   * who stands still reads nothing either, and each waits for the gateway and for the reader of records.
   */
  async function untilQuiet(): Promise<void> {
    let [last, quietLooks] = [-1, 0];
    await until(async () => {
      quietLooks = (await answered()) === last ? quietLooks + 1 : 0;
      // What this reads itself is not counted.
      await stack.client.request('/v1/datasets/large');
      last = await answered();
      return quietLooks > 60;
    }, 'all clients to be waited for');
  }

  /** So many clients, each of which has read five bytes and then nothing for a while. */
  async function stalledClients(): Promise<IncomingMessage[]> {
    const streams: IncomingMessage[] = [];
    for (let index = 0; index < clientCount; index += 1) {
      const stream = await openStream(stack.client, pathOf());
      await once(stream, 'readable');
      expect((stream.read(5) as Buffer | null)?.length).toBe(5);
      streams.push(stream);
    }
    await untilQuiet();
    return streams;
  }

  it('holds no cursor, and of memory what is on its way to it; any of them can still read all there is', async () => {
    const { gateway, export: exporter, records: reader } = (await stack.describe()).processes;
    const pids = { gateway, exporter, reader };
    const resident = () => Object.values(pids).map(([pid = 0]) => residentBytes(pid));
    const cursorsBefore = await openCursors();

    // What the first ones took and gave back stays with the processes, for those that come behind them.
    const first = await stalledClients();
    const before = resident();
    const second = await stalledClients();
    const held = resident().map((bytes, index) => (bytes - (before[index] ?? 0)) / clientCount / mebibyte);

    expect(await eventually(idleCursors, ({ length }) => length === 0)).toEqual([]);
    expect(await eventually(openCursors, (count) => count === cursorsBefore)).toBe(cursorsBefore);
    // Of the text of five pages that each has asked for, the one that is being sent; the others have nothing.
    expect(held.filter((mebibytes, index) => mebibytes > (index === 0 ? 3.5 : 1.5))).toEqual([]);
    const [chosen, ...others] = [...first, ...second] as [IncomingMessage, ...IncomingMessage[]];
    const { text, trailers } = await readStream(chosen);
    for (const stream of others) stream.destroy();
    // Five bytes were read before.
    expect(text.split('\n').length - 1).toBe(recordCount);
    expect(trailers).toEqual({ count: String(recordCount), cursor: undefined });
  });

  it('gets the first match while the rest is still being looked at', async () => {
    const [pid = 0] = (await stack.describe()).processes.records;
    const filter = encodeURIComponent(JSON.stringify(slowPattern));
    const readFirst = async () => {
      const before = await examined();
      const stream = await openStream(stack.client, pathOf(`?fields=_id&filter=${filter}`));
      await once(stream, 'readable');
      process.kill(pid, 'SIGSTOP');
      const first = String(stream.read());
      const examinedThen = (await examined().finally(() => process.kill(pid, 'SIGCONT'))) - before;
      const { text, trailers } = await readStream(stream);
      return { before, first, examinedThen, text, trailers };
    };

    // The rest may have been looked at before this test comes to stop that.
    const { before, first, examinedThen, text, trailers } = await oneOfThree(
      readFirst,
      (one) => one.examinedThen < recordCount / 2,
    );

    expect(first).toBe('{"_id":0}\n');
    expect(examinedThen).toBeLessThan(recordCount / 2);
    expect([text, trailers?.count]).toEqual(['', '1']);
    expect((await examined()) - before).toBeGreaterThanOrEqual(recordCount);
  });

  it.each(['application/x-ndjson', 'application/json', 'text/csv', 'text/tab-separated-values'])(
    'asks with HEAD for %s by one page, and for no more',
    async (accept) => {
      const askOnce = async () => {
        const before = await answered();
        const { status, headers } = await stack.client.raw(pathOf(), { method: 'HEAD', headers: { accept } });
        return { status, type: headers.get('content-type'), read: (await answered()) - before };
      };

      // What streams before it had asked for may still be read.
      const { status, type, read } = await oneOfThree(askOnce, (one) => one.read < 500);

      expect([status, type]).toEqual([200, `${accept}; charset=utf-8`]);
      expect(read).toBeLessThan(500);
    },
  );
});
