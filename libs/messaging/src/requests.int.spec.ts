import { setTimeout as delay } from 'node:timers/promises';
import 'reflect-metadata';
import {
  bytes,
  cancelExport,
  createExport,
  createExportLink,
  defineRequest,
  defineStream,
  deleteExport,
  getExport,
  KeyportError,
  listExports,
  readExportFile,
  readPage,
  type RequestContract,
  type RequestOf,
} from '@keyport/contracts';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { BusErrorFilter, BusServer } from './bus-server.ts';
import { connectBus } from './connection.ts';
import { Handles } from './handles.ts';
import { MessagingModule } from './messaging.module.ts';
import { Requester, type RequestOptions } from './requester.ts';
import { BUS_CONNECTION } from './tokens.ts';

// On subjects of the export service, on which a gateway may ask: each is in an account of its own.
const add = defineRequest({
  subject: createExport.subject,
  request: z.object({ a: z.number(), b: z.number() }),
  reply: z.object({ sum: z.number() }),
  idempotent: true,
});
const reverse = defineRequest({
  subject: getExport.subject,
  request: z.object({ rows: bytes }),
  reply: z.object({ rows: bytes }),
  encoding: 'bson',
});
const fail = defineRequest({
  subject: listExports.subject,
  request: z.object({ how: z.enum(['known', 'unknown']) }),
  reply: z.object({}),
});
const wait = defineRequest({
  subject: deleteExport.subject,
  request: z.object({ ms: z.number() }),
  reply: z.object({ waited: z.number() }),
  timeoutMs: 400,
});
const grow = defineRequest({
  subject: readExportFile.subject,
  request: z.object({ to: z.number() }),
  reply: z.object({ text: z.string() }),
  timeoutMs: 120_000,
});
const silent = defineRequest({
  subject: cancelExport.subject,
  request: z.object({}),
  reply: z.object({ asked: z.number() }),
  idempotent: true,
  timeoutMs: 60_000,
});
const count = defineStream({
  subject: readPage.subject,
  request: z.object({ to: z.number(), failAt: z.number().optional(), stallAt: z.number().optional() }),
  reply: z.object({ number: z.number() }),
  timeoutMs: 400,
});
// Longer than a test may take.
const nobody = defineRequest({
  subject: createExportLink.subject,
  request: z.object({}),
  reply: z.object({}),
  idempotent: true,
  timeoutMs: 120_000,
});
const nobodyStreams = defineStream({ subject: createExportLink.subject, request: z.object({}), reply: z.object({}) });

@Controller()
class TestHandler {
  readonly firstAsked = Promise.withResolvers<void>();
  readonly release = Promise.withResolvers<void>();
  private asked = 0;

  @Handles(add)
  add(@Payload() { a, b }: RequestOf<typeof add>) {
    return { sum: a + b };
  }

  @Handles(reverse)
  reverse(@Payload() { rows }: RequestOf<typeof reverse>) {
    return { rows: Uint8Array.from(rows).reverse() };
  }

  @Handles(fail)
  fail(@Payload() { how }: RequestOf<typeof fail>): never {
    if (how === 'unknown') throw new Error('password=hunter2');
    throw new KeyportError('RECORD_NOT_FOUND', { dataset: 'orders' }, { cause: new Error('password=hunter2') });
  }

  @Handles(wait)
  async wait(@Payload() { ms }: RequestOf<typeof wait>) {
    await delay(ms);
    return { waited: ms };
  }

  /** Its first answer does not come: so it looks to who asked when one is lost. */
  @Handles(silent)
  async silent() {
    this.asked += 1;
    if (this.asked > 1) return { asked: this.asked };
    this.firstAsked.resolve();
    await this.release.promise;
    return { asked: 1 };
  }

  @Handles(grow)
  grow(@Payload() { to }: RequestOf<typeof grow>) {
    return { text: 'x'.repeat(to) };
  }

  @Handles(count)
  async *count(@Payload() { to, failAt, stallAt }: RequestOf<typeof count>) {
    for (let number = 1; number <= to; number += 1) {
      if (number === failAt) throw new KeyportError('WRITE_CONFLICT');
      if (number === stallAt) await delay(2_000);
      yield { number };
    }
  }
}

@Module({})
class TestRoot {}

async function startService(connection: NatsConnection): Promise<INestMicroservice> {
  const root = { module: TestRoot, imports: [MessagingModule.on(connection, 'export')], controllers: [TestHandler] };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
    strategy: new BusServer('export', connection),
    logger: false,
  });
  app.useGlobalFilters(new BusErrorFilter());
  await app.listen();
  return app;
}

let servers: Servers;
let asking: INestMicroservice;
let answering: INestMicroservice;
let requester: Requester;

const connectAs = (service: 'gateway' | 'export') => {
  const { NATS_USER: user, NATS_PASSWORD: password } = servers.envOf(service);
  return connectBus({ service, url: servers.natsUrl, user, password });
};

beforeAll(async () => {
  servers = await startTemporaryServers();
  answering = await startService(await connectAs('export'));
  const connection = await connectAs('gateway');
  const root = { module: TestRoot, imports: [MessagingModule.on(connection, 'gateway')] };
  asking = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
    strategy: new BusServer('gateway', connection),
    logger: false,
  });
  await asking.init();
  requester = asking.get(Requester);
});

afterAll(async () => {
  await answering.close();
  await asking.close();
  await servers.stop();
});

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as KeyportError,
  );

/** By the deadline of the contract where a test is about that. */
const patient = { timeoutMs: 50_000 };

async function collect<C extends RequestContract>(
  contract: C,
  request: RequestOf<C>,
  options: RequestOptions = patient,
) {
  const replies: unknown[] = [];
  for await (const reply of requester.stream(contract, request as never, options)) replies.push(reply);
  return replies;
}

describe('a request', () => {
  it('is answered with what the handler returned', async () => {
    expect(await requester.request(add, { a: 2, b: 3 })).toEqual({ sum: 5 });
  });

  it('carries bytes unchanged where its contract travels as BSON', async () => {
    const rows = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);

    const reply = await requester.request(reverse, { rows });

    expect(Buffer.compare(Buffer.from(reply.rows), Buffer.from(rows.toReversed()))).toBe(0);
  });

  it('that does not fit its contract is refused, naming each field', async () => {
    const error = await failureOf(requester.request(add, { a: '2' } as never));

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(error?.errors?.map(({ path }) => path)).toEqual(['a', 'b']);
  });

  it('fails with the code and params of the handler, and without its cause', async () => {
    const error = await failureOf(requester.request(fail, { how: 'known' }));

    expect(error).toMatchObject({ code: 'RECORD_NOT_FOUND', params: { dataset: 'orders' } });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('fails as INTERNAL, saying nothing more, where the handler failed in a way nobody foresaw', async () => {
    const error = await failureOf(requester.request(fail, { how: 'unknown' }));

    expect(error).toMatchObject({ code: 'INTERNAL', params: {} });
    expect(error?.message).not.toContain('hunter2');
  });

  it('fails as SERVICE_UNAVAILABLE, at once, where no service listens', async () => {
    const error = await failureOf(requester.request(nobody, {}));

    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', params: { service: 'export' } });
  });

  it('fails as SERVICE_TIMEOUT where no answer comes in time', async () => {
    const error = await failureOf(requester.request(wait, { ms: 2_000 }));

    expect(error).toMatchObject({ code: 'SERVICE_TIMEOUT', params: { service: 'export' } });
  });

  it('fails as INTERNAL, long before its deadline, where the reply is larger than a message', async () => {
    const error = await failureOf(requester.request(grow, { to: 9_000_000 }));

    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect((await requester.request(grow, { to: 5 })).text).toBe('xxxxx');
  });

  it('fails as BODY_TOO_LARGE, and is not asked again, where it is larger than a message itself', async () => {
    const request = { a: 1, b: 2, padding: 'x'.repeat(9_000_000) };

    const error = await failureOf(requester.request(add, request, { retryForMs: 20_000 }));

    expect(error).toMatchObject({ code: 'BODY_TOO_LARGE', params: { limitBytes: 8 * 1024 * 1024 } });
  });

  it('is asked again for as long as told where its contract is idempotent', async () => {
    const started = Date.now();

    await failureOf(requester.request(nobody, {}, { retryForMs: 600 }));

    expect(Date.now() - started).toBeGreaterThan(300);
  });

  it('is asked again at once where the connection broke before its answer, and its contract is idempotent', async () => {
    const handler = answering.get(TestHandler);
    const answer = requester.request(silent, {}, { retryForMs: 30_000 });
    await handler.firstAsked.promise;

    await asking.get<NatsConnection>(BUS_CONNECTION).reconnect();

    expect(await answer.finally(() => handler.release.resolve())).toEqual({ asked: 2 });
  });

  it('is answered although its service is about to end', async () => {
    const connection = await connectAs('export');
    const ending = await startService(connection);
    await connection.flush();
    // Both processes share a queue group: enough requests reach either.
    const pending = Array.from({ length: 20 }, () => requester.request(wait, { ms: 200 }, patient));
    await delay(50);

    await ending.close();

    expect(await Promise.all(pending)).toHaveLength(20);
    expect(connection.isClosed()).toBe(true);
  });
});

describe('a stream of replies', () => {
  it.each([0, 1, 2, 30])('arrives in order and ends: %d of them', async (to) => {
    const replies = await collect(count, { to });

    expect(replies).toEqual(Array.from({ length: to }, (_, at) => ({ number: at + 1 })));
  });

  it('that fails midway gives what came before, and then the error', async () => {
    const replies: unknown[] = [];
    const work = async () => {
      for await (const reply of requester.stream(count, { to: 5, failAt: 3 }, patient)) replies.push(reply);
    };

    const error = await failureOf(work());

    expect(error).toMatchObject({ code: 'WRITE_CONFLICT' });
    expect(replies).toEqual([{ number: 1 }, { number: 2 }]);
  });

  it('that stalls fails as SERVICE_TIMEOUT', async () => {
    expect(await failureOf(collect(count, { to: 3, stallAt: 2 }, {}))).toMatchObject({ code: 'SERVICE_TIMEOUT' });
  });

  it('that nobody sends fails as SERVICE_UNAVAILABLE', async () => {
    expect(await failureOf(collect(nobodyStreams, {}))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
