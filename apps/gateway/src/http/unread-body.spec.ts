import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@keyport/testing';
import fastify, { type FastifyInstance } from 'fastify';
import { answerWithoutBody, hasUnreadBody } from './unread-body.ts';

let app: FastifyInstance;
let port: number;

beforeEach(async () => {
  app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.post('/', async (request, reply) => {
    await once(request.raw, 'readable');
    if (hasUnreadBody(request)) answerWithoutBody(request, reply);
    return reply.status(429).send('no more of it');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as { port: number }).port;
});

afterEach(() => app.close());

describe('an answer that comes before the whole body', () => {
  it('is read by who goes on sending for a while, and ends the connection', async () => {
    const exchange = async () => {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => (answer += String(text)));
      const ended = once(socket, 'end').catch(() => undefined);
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\ntransfer-encoding: chunked\r\n\r\n');

      for (let sent = 0; sent < 400; sent += 1) {
        socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
        await setImmediate();
      }
      await ended;
      socket.destroy();
      return answer;
    };

    // Cut off where the machine stands still for longer than the server lingers.
    const answer = await eventually(exchange, (text) => text.endsWith('no more of it'));

    expect(answer).toMatch(/^HTTP\/1\.1 429 /);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  }, 60_000);

  it('is not waited behind for ever: who does not stop is cut off', async () => {
    const sentUntilCutOff = async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\ntransfer-encoding: chunked\r\n\r\n');
      socket.resume();
      let sent = 0;
      while (!socket.destroyed) {
        socket.write('1\r\nx\r\n');
        sent += 1;
        await delay(20);
      }
      return sent;
    };

    // Fewer where the machine stands still meanwhile.
    expect(await eventually(sentUntilCutOff, (sent) => sent > 10)).toBeGreaterThan(10);
  }, 60_000);
});
