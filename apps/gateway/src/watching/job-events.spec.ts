import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@keyport/testing';
import fastify, { type FastifyInstance } from 'fastify';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { JobEvents } from './job-events.ts';
import type { JobWatches } from './job-watches.ts';
import { ProgressWatcher } from './progress-watcher.ts';

let app: FastifyInstance;

afterEach(() => app.close());

/** A client that has opened the stream, and what the server has of it. */
async function open(headers: Record<string, string> = {}) {
  const watcher = new ProgressWatcher('token', {} as never, undefined);
  const watches = { open: async () => watcher } as unknown as JobWatches<never>;
  const events = new JobEvents(watches);
  let raw: ServerResponse | undefined;
  app = fastify({ forceCloseConnections: true });
  app.get('/events', async (request, reply) => {
    raw = reply.raw;
    await events.send(request as AuthenticatedRequest, reply, '0123456789abcdef');
    return reply;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const request = get({ port, host: '127.0.0.1', path: '/events', headers });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return { watcher, response, raw: raw as unknown as ServerResponse };
}

const eventOf = (sequence: number, isLast = false) => ({
  ...{ sequence, isLast },
  text: `id: ${sequence}\ndata: ${'x'.repeat(16 * 1024)}\n\n`,
});
const pause = () => new Promise((resolve) => setImmediate(resolve));

describe('The events of a job', () => {
  it('are let go where the client does not read, but for the newest', async () => {
    const { watcher, response } = await open();
    const told = 4_000;
    for (let sequence = 1; sequence < told; sequence += 1) {
      watcher.tell(eventOf(sequence));
      await pause();
    }
    watcher.tell(eventOf(told, true));
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);

    const ids = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/^id: (\d+)$/gm),
    ].map(([, id]) => Number(id));
    expect(ids.at(-1)).toBe(told);
    // What the two sockets hold, and no more.
    expect(ids.length).toBeLessThan(told / 2);
    expect(watcher.isOver).toBe(true);
  });

  it('end cleanly for a client that reads, when its rights are gone', async () => {
    const { watcher, response } = await open();
    watcher.tell(eventOf(1));
    const text = (async () => {
      let read = '';
      for await (const chunk of response) {
        read += String(chunk);
        if (read.endsWith('x\n\n')) watcher.end();
      }
      return read;
    })();

    expect((await text).startsWith('retry: 1000\n\nid: 1\n')).toBe(true);
    expect(response.complete).toBe(true);
  });

  it('are broken off for a client that does not read, when its rights are gone', async () => {
    const { watcher, raw } = await open();
    for (let sequence = 1; !raw.writableNeedDrain && sequence < 10_000; sequence += 1) {
      watcher.tell(eventOf(sequence));
      await pause();
    }
    watcher.end();

    await until(() => raw.destroyed, 'the connection to be broken off');
    expect(raw.writableFinished).toBe(false);
  });

  it('are watched no longer by a client that has gone', async () => {
    const { watcher, response } = await open();
    response.destroy();

    await until(() => watcher.isOver, 'the watcher to be let go');
  });
});
