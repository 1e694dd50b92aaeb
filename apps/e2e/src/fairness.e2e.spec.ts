import { once } from 'node:events';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Import } from '@keyport/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, residentBytes, TestStack, type KeyportClient } from '@keyport/testing';

const ndjson = 'application/x-ndjson';
const mebibyte = 1024 * 1024;
const row = (n: number) => `{"n":${n},"text":"${'x'.repeat(80)}"}\n`;
const rows = (count: number, from = 0) => Array.from({ length: count }, (_, index) => row(from + index)).join('');

/** A thousand rows: about a tenth of a mebibyte. */
const thousand = rows(1_000);

describe('Many at once', () => {
  let stack: TestStack;
  let client: KeyportClient;
  const sending: ClientRequest[] = [];
  /** What became of requests before their body was whole. */
  const early: string[] = [];
  let serial = 0;

  beforeAll(async () => {
    stack = await TestStack.start({
      env: { KEYPORT_SPOOL_BYTES: String(32 * mebibyte), KEYPORT_EVENT_STREAMS: '3' },
    });
    client = stack.client;
  });

  afterEach(async () => {
    for (const request of sending.splice(0)) request.destroy();
    early.splice(0);
    for (const { id } of await unfinished()) await client.request(`/v1/imports/${id}/cancel`, { method: 'POST' });
  });

  afterAll(() => stack?.stop());

  const unfinished = async () => {
    const found = await client.ok<{ items: Import[] }>('/v1/imports?state=receiving,paused&limit=200');
    return found.items;
  };

  async function dataset(): Promise<string> {
    serial += 1;
    await client.putDataset(`many-${serial}`);
    return `many-${serial}`;
  }

  /** A request whose body is written by the test, and does not end by itself. */
  function begin(name: string, who = client): ClientRequest {
    const url = new URL(`/v1/datasets/${name}/imports`, client.url);
    const headers = { authorization: `Bearer ${who.token}`, 'content-type': ndjson };
    const request = httpRequest(url, { method: 'POST', headers, agent: false });
    const tell = (what: string) => {
      if (sending.includes(request) && !request.writableEnded) early.push(what);
    };
    request.on('error', (error) => tell(error.message));
    request.on('response', (response) => {
      text(response).then(
        (body) => tell(`${response.statusCode} ${body}`),
        () => undefined,
      );
    });
    sending.push(request);
    return request;
  }

  const importOf = (name: string) =>
    eventually(
      () => client.ok<{ items: Import[] }>(`/v1/imports?dataset=${name}`),
      ({ items }) => items.length === 1,
    ).then(({ items }) => items[0] as Import);

  const send = (name: string, who = client) =>
    who.request<{ code?: string }>(`/v1/datasets/${name}/imports`, {
      ...{ method: 'POST', body: thousand, headers: { 'content-type': ndjson } },
    });

  it('files of which a half was sent hold up no other, and little memory', async () => {
    const [idle, other] = [await dataset(), await dataset()];
    const [gateway = 0] = (await stack.describe()).processes.gateway;
    const before = residentBytes(gateway);
    for (let file = 0; file < 150; file += 1) begin(idle).write(thousand);
    const seen = await eventually(
      async () => {
        const begun = await unfinished();
        const arrived = begun.filter(({ bytes }) => bytes.received === thousand.length);
        return { begun: begun.length, arrived: arrived.length, early };
      },
      ({ arrived }) => arrived === 150 || early.length > 0,
      240_000,
    );
    expect(seen).toEqual({ begun: 150, arrived: 150, early: [] });

    const ended = await client.imported(other, ndjson, rows(20_000));

    expect(ended.counts).toMatchObject({ read: 20_000, inserted: 20_000 });
    expect(await unfinished()).toHaveLength(150);
    const grown = Math.round((residentBytes(gateway) - before) / mebibyte);
    process.stderr.write(`150 half-sent files: the gateway grew by ${grown} MiB\n`);
    expect(grown).toBeLessThan(100);
  }, 480_000);

  it('a file waits while there is no room for it, and goes on then; new ones that need room are refused', async () => {
    const [name, other] = [await dataset(), await dataset()];
    const upload = begin(name);
    upload.write(thousand);
    const { id } = await importOf(name);
    await client.ok(`/v1/imports/${id}/pause`, { method: 'POST' });
    // More than the spool holds.
    const total = 350_000;
    let written = 1_000;
    const writing = (async () => {
      for (; written < total; written += 1_000) {
        if (!upload.write(rows(1_000, written))) await once(upload, 'drain');
      }
      upload.end();
    })();
    const answered = once(upload, 'response');

    const packed = gzipSync(thousand);
    const refused = await eventually(
      () => client.import(other, ndjson, packed, '', { 'content-encoding': 'gzip' }),
      ({ status }) => status !== 202,
    );
    expect([refused.status, (refused.body as { code?: string }).code]).toEqual([507, 'SPOOL_FULL']);
    expect((await client.importState(id)).bytes.received).toBeLessThan(total * row(total).length);
    await client.ok(`/v1/imports/${id}/resume`, { method: 'POST' });

    await writing;
    const [{ statusCode }] = (await answered) as [{ statusCode: number }];
    expect(statusCode).toBe(202);
    const ended = await client.importEnd(id, 240_000);
    expect(ended).toMatchObject({ state: 'completed', counts: { read: total, inserted: total } });
    const again = await client.imported(other, ndjson, packed, '', { 'content-encoding': 'gzip' });
    expect(again.counts).toMatchObject({ read: 1_000, inserted: 1_000 });
  }, 360_000);

  it('imports of a key are as many as it may have, and a refusal says when to come again', async () => {
    const name = await dataset();
    const json = { name: 'one at a time', scopes: ['imports:*:*'], limits: { concurrentImports: 1 } };
    const { token } = await client.ok<{ token: string }>('/v1/keys', { method: 'POST', json });
    const who = client.with(token);
    const upload = begin(name, who);
    upload.write(thousand);
    await importOf(name);

    const refused = await send(name, who);

    expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_IMPORTS']);
    expect(refused.headers.get('retry-after')).toBe('5');
    upload.end();
    expect(
      (
        await eventually(
          () => send(name, who),
          ({ status }) => status !== 429,
        )
      ).status,
    ).toBe(202);
  });

  it('event streams of a holder are as many as they may have, until one is closed', async () => {
    const name = await dataset();
    begin(name).write(thousand);
    const { id } = await importOf(name);
    const open = async () => {
      const closing = new AbortController();
      const headers = { authorization: `Bearer ${client.token}` };
      const reply = await fetch(new URL(`/v1/imports/${id}/events`, client.url), { headers, signal: closing.signal });
      return { reply, close: () => closing.abort() };
    };
    const streams = [await open(), await open(), await open()];

    const { reply } = await open();

    expect(streams.map((stream) => stream.reply.status)).toEqual([200, 200, 200]);
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await reply.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
    streams[0]?.close();
    const again = await eventually(open, (stream) => stream.reply.status === 200);
    for (const { close } of [...streams, again]) close();
  });
});
