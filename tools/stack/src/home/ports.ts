import { createServer } from 'node:net';
import { join } from 'node:path';
import { readJson, writeJson } from './json-file.ts';

type Listener = 'mongod' | 'nats';

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

export async function freePort(host?: string): Promise<number> {
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

/** The port a server had at the last start, or another where that one is taken now; remembered for the next start. */
export async function rememberedPort(home: string, listener: Listener): Promise<number> {
  const path = join(home, 'ports.json');
  const known = (await readJson<Partial<Record<Listener, number>>>(path)) ?? {};
  const before = known[listener];
  const port = (before === undefined ? undefined : await tryPort(before)) ?? (await freePort());
  if (port !== before) await writeJson(path, { ...known, [listener]: port });
  return port;
}
