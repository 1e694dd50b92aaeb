import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AuthConfig } from '../config.ts';
import { readOrMakePrivateFile } from './private-file.ts';

/** Injection token of the text that the key for data at rest is derived from. */
export const MASTER_KEY = Symbol('MASTER_KEY');

/** The configured master key, else that of `<KEYPORT_HOME>/master.key`, made at first start (mode 0600). */
export async function loadMasterKey({ KEYPORT_MASTER_KEY, KEYPORT_HOME }: AuthConfig): Promise<string> {
  if (KEYPORT_MASTER_KEY !== undefined) return KEYPORT_MASTER_KEY;
  if (KEYPORT_HOME === undefined) throw new Error('KEYPORT_MASTER_KEY is needed where KEYPORT_HOME is not set');
  const path = join(KEYPORT_HOME, 'master.key');
  const text = (await readOrMakePrivateFile(path, () => `${randomBytes(32).toString('base64url')}\n`)).trim();
  if (text.length < 32) throw new Error(`${path} holds no master key; put it back from a backup`);
  return text;
}
