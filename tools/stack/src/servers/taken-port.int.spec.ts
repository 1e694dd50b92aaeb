import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readJson } from '../home/json-file.ts';
import { AddressTakenError, onRememberedPort } from '../home/ports.ts';
import { loadSecrets } from '../home/secrets.ts';
import { GuardLink } from '../processes/guard-link.ts';
import type { SupervisedProcess, Surroundings } from '../processes/supervised-process.ts';
import { findMongod, startMongodOn } from './mongod.ts';
import { findNatsServer, startNatsServerOn } from './nats-server.ts';

const servers = {
  mongod: { find: findMongod, startOn: startMongodOn },
  nats: { find: findNatsServer, startOn: startNatsServerOn },
} as const;

let home: string;
let around: Surroundings;
let other: Server | undefined;
let running: SupervisedProcess | undefined;
const lines: string[] = [];

/** Another program listens there from now on. */
async function take(port: number): Promise<void> {
  other = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await once(other, 'listening');
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyport-ports-'));
  around = { guard: new GuardLink(home), log: (line) => lines.push(line), onChange: () => undefined };
});

afterEach(async () => {
  other?.close();
  await running?.stop();
  await around.guard.close();
  [other, running] = [undefined, undefined];
  lines.splice(0);
  await rm(home, { recursive: true, force: true });
});

describe.each(['mongod', 'nats'] as const)('A port of %s that is taken before it listens', (listener) => {
  it('is exchanged for another, which is remembered', async () => {
    const command = await servers[listener].find(() => undefined);
    const secrets = await loadSecrets(home);
    const tried: number[] = [];
    const startOn = async (port: number) => {
      tried.push(port);
      if (tried.length === 1) await take(port);
      return servers[listener].startOn(port, command, home, secrets, around);
    };

    const { port, process } = await onRememberedPort(home, listener, around.log, startOn);

    running = process;
    expect(tried).toEqual([expect.any(Number), port]);
    expect(tried[0]).not.toBe(port);
    expect(await readJson(join(home, 'ports.json'))).toEqual({ [listener]: port });
    expect(lines).toEqual([
      `${listener}: port ${tried[0]} was taken by another program just now; another one is tried`,
    ]);
  });

  it('is told of where every other is taken too', async () => {
    const command = await servers[listener].find(() => undefined);
    const secrets = await loadSecrets(home);
    const tried = new Set<number>();
    const startOn = async (port: number) => {
      tried.add(port);
      other?.close();
      await take(port);
      return servers[listener].startOn(port, command, home, secrets, around);
    };

    const failed = onRememberedPort(home, listener, around.log, startOn);

    await expect(failed).rejects.toThrow(AddressTakenError);
    expect(tried.size).toBe(5);
  });
});
