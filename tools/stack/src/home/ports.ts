import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readJson, writeJson } from './json-file.ts';

type Listener = 'mongod' | 'nats';

/** Thrown where a program could not listen because its address is taken; whoever chose the address may choose another. */
export class AddressTakenError extends Error {
  override readonly name = 'AddressTakenError';
}

/** Below are ports that other programs are known by, or that take a right. */
const lowestPort = 10_240;
const highestPort = 65_535;
/** Where the system does not tell: Linux begins its own at 32768, macOS and Windows at 49152 (RFC 6335 §6). */
const usualEphemeral: PortRange = [32_768, highestPort];
/** Times that chance may meet ports which are taken before the system is asked for any. */
const draws = 50;
/** Ports that a server is tried on. */
const attempts = 5;

export type PortRange = readonly [first: number, last: number];

/** Listens for a moment; 0 takes any free port. Returns the port, or undefined where it is taken. */
export function tryPort(port: number, host = '127.0.0.1'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** Ports that the system gives to outgoing connections: ip(7), `ip_local_port_range`. */
async function ephemeralPorts(): Promise<PortRange> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const [first = 0, last = 0] = text.trim().split(/\s+/).map(Number);
  return first > 0 && last >= first ? [first, last] : usualEphemeral;
}

/** One of the ports that outgoing connections are not given, by chance; undefined where there are none. */
export function drawPort([first, last]: PortRange, draw = (below: number) => randomInt(below)): number | undefined {
  const before = Math.max(0, first - lowestPort);
  const behind = Math.max(0, highestPort - last);
  if (before + behind === 0) return undefined;
  const place = draw(before + behind);
  return place < before ? lowestPort + place : last + 1 + place - before;
}

/**
 * A port that nobody listens on. None that an outgoing connection may be given before the server that it is for listens,
 * and of two who ask at the same time each rarely gets the other's.
 */
export async function freePort(host?: string): Promise<number> {
  const ephemeral = await ephemeralPorts();
  for (let draw = 0; draw < draws; draw += 1) {
    const drawn = drawPort(ephemeral);
    if (drawn !== undefined && (await tryPort(drawn, host)) !== undefined) return drawn;
  }
  const port = await tryPort(0, host);
  if (port === undefined) throw new Error('this machine has no free port left');
  return port;
}

/** The first free port from `start` on. */
export async function freePortFrom(start: number, host?: string, taken: readonly number[] = []): Promise<number> {
  for (let port = start; port < 65_536; port += 1) {
    if (!taken.includes(port) && (await tryPort(port, host)) !== undefined) return port;
  }
  return freePort(host);
}

/**
 * Starts a server on its remembered port, and on another where it says that the port was taken after it was chosen.
 * Throws what `start` throws otherwise.
 */
export async function onRememberedPort<Result>(
  home: string,
  listener: Listener,
  log: (line: string) => void,
  start: (port: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await rememberedPort(home, listener);
    try {
      return await start(port);
    } catch (error) {
      if (!(error instanceof AddressTakenError) || attempt === attempts) throw error;
      log(`${listener}: port ${port} was taken by another program just now; another one is tried`);
    }
  }
}

/** The port a server had at the last start, or another where that one is taken now; remembered for the next start. */
async function rememberedPort(home: string, listener: Listener): Promise<number> {
  const path = join(home, 'ports.json');
  const known = (await readJson<Partial<Record<Listener, number>>>(path)) ?? {};
  const before = known[listener];
  const port = (before === undefined ? undefined : await tryPort(before)) ?? (await freePort());
  if (port !== before) await writeJson(path, { ...known, [listener]: port });
  return port;
}
