import { createDecipheriv, createPrivateKey, hkdfSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { TestStack } from '@keyport/testing';

interface StoredKey {
  readonly _id: string;
  readonly sealedPrivateJwk: string;
}

/**
 * The key that a deployment signs with, read as its operator could: from MongoDB with the master key. With it a test can
 * make tokens that are wrong in one point alone. The one that signed the owner's token unless told.
 */
export async function ownSigningKey(stack: TestStack, kid = kidOf(stack.owner.token)): Promise<KeyObject> {
  const masterKey = (await readFile(join(stack.home, 'master.key'), 'utf8')).trim();
  const client = await MongoClient.connect((await stack.describe()).mongodbUrl);
  const stored = await client.db('auth').collection<StoredKey>('signing-keys').findOne({ _id: kid });
  await client.close();
  if (!stored) throw new Error('the deployment has no signing key');
  const sealed = Buffer.from(stored.sealedPrivateJwk, 'base64url');
  const key = Buffer.from(hkdfSync('sha256', masterKey, 'keyport', 'keyport auth at rest v1', 32));
  const decryption = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 })
    .setAAD(Buffer.from(`signing key ${stored._id}`))
    .setAuthTag(sealed.subarray(12, 28));
  const jwk = decryption.update(sealed.subarray(28), undefined, 'utf8') + decryption.final('utf8');
  return createPrivateKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' });
}

function kidOf(token: string): string {
  const [header = ''] = token.split('.', 1);
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
}
