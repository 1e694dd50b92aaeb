import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, type Servers } from './start-servers.ts';

/** Servers for a test, in a new folder that `stop()` deletes. */
export async function startTemporaryServers(): Promise<Servers> {
  const home = await mkdtemp(join(tmpdir(), 'keyport-test-'));
  const remove = () => rm(home, { recursive: true, force: true });
  try {
    const servers = await startServers({ home, log: () => undefined });
    return {
      ...servers,
      stop: async () => {
        await servers.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
