import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { accountOf, buckets, streams } from '@keyport/contracts';

/** Where all streams lay: before there were accounts, and while all services shared one. */
const shared = ['$G', 'KEYPORT'];

/** Each stream and bucket → the account it belongs to. */
const accounts = new Map<string, string>([
  ...Object.values(streams).map(({ name, owner }) => [name, accountOf(owner)] as const),
  ...Object.values(buckets).map(({ name, owner }) => [`KV_${name}`, accountOf(owner)] as const),
]);

/**
 * JetStream keeps an account's streams in a folder of the account's name. Streams of an earlier Keyport move to the account
 * of the service that owns them, so that nothing is lost. To be called while nats-server does not run.
 */
export async function moveStreamsToTheirAccounts(storeDir: string): Promise<void> {
  const store = join(storeDir, 'jetstream');
  for (const before of shared) {
    const moving = await namesIn(join(store, before, 'streams'));
    for (const name of moving) {
      const account = accounts.get(name);
      if (!account) continue;
      const now = join(store, account, 'streams');
      if ((await namesIn(now)).includes(name)) continue;
      await mkdir(now, { recursive: true });
      await rename(join(store, before, 'streams', name), join(now, name));
    }
  }
}

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
