import { readFile } from 'node:fs/promises';
import { createAccount, fromSeed } from '@nats-io/nkeys';
import { writePrivate } from './json-file.ts';

/**
 * Public half of the account key pair with which auth signs who may connect to nats-server. The seed lies in the file
 * alone, readable by its owner; where there is none it is made.
 */
export async function loadCalloutKey(seedFile: string): Promise<string> {
  const seed = await readSeed(seedFile);
  if (seed !== undefined) return fromSeed(Buffer.from(seed)).getPublicKey();
  const made = createAccount();
  await writePrivate(seedFile, `${Buffer.from(made.getSeed()).toString()}\n`);
  return made.getPublicKey();
}

async function readSeed(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
