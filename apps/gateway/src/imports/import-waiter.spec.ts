import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Import } from '@keyport/contracts';
import type { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { ImportWaiter } from './import-waiter.ts';

const running = { id: '0123456789abcdef', state: 'processing' } as Import;
const completed = { ...running, state: 'completed' } as Import;

/** A bus on which the import is completed once it has been asked for `asks` times. */
function busCompletingAfter(asks: number) {
  const bus = { asked: 0, ask: async () => ((bus.asked += 1) < asks ? running : completed) };
  return bus;
}

describe('ImportWaiter', () => {
  const server = createServer();
  let received: Promise<AuthenticatedRequest>;
  let client: ReturnType<typeof httpRequest>;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A body that has been read to its end, as it has when an import begins to wait.
    received = new Promise((resolve) => {
      server.once('request', (raw) => {
        raw.resume();
        raw.once('close', () => resolve({ raw } as AuthenticatedRequest));
      });
    });
    const { port } = server.address() as AddressInfo;
    client = httpRequest({ port, host: '127.0.0.1', method: 'POST' });
    client.on('error', () => undefined);
    client.end('{"a":1}');
  });

  afterEach(async () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('asks until the import has ended, although the body was read long ago', async () => {
    const bus = busCompletingAfter(3);

    const ended = await new ImportWaiter(bus as unknown as BusCaller).waitFor(await received, running, 3600);

    expect(ended.state).toBe('completed');
    expect(bus.asked).toBe(3);
  });

  it('answers with what there is when the time is up', async () => {
    const ended = await new ImportWaiter(busCompletingAfter(1000) as unknown as BusCaller).waitFor(
      await received,
      running,
      0.05,
    );

    expect(ended.state).toBe('processing');
  });

  it('stops asking once the client has gone', async () => {
    const bus = busCompletingAfter(1_000_000);
    const request = await received;
    const waiting = new ImportWaiter(bus as unknown as BusCaller).waitFor(request, running, 3600);

    client.destroy();

    expect((await waiting).state).toBe('processing');
  });
});
