import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@keyport/contracts';
import { TestStack } from '@keyport/testing';

describe('Each service alone', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  const environmentOf = async (service: string): Promise<Record<string, string>> => {
    const text = await readFile(join(stack.home, 'env', `${service}.env`), 'utf8');
    return Object.fromEntries(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => [
          line.slice(0, line.indexOf('=')),
          line.slice(line.indexOf('=') + 1).replace(/^["']|["']$/g, ''),
        ]),
    );
  };

  it.each(['auth', 'import', 'export', 'records'])('%s may use its own database and no other', async (service) => {
    const { MONGODB_URL = '' } = await environmentOf(service);
    const client = await MongoClient.connect(MONGODB_URL);
    const others = ['auth', 'import', 'export', 'records'].filter((name) => name !== service);

    const own = await client.db(service).collection('any').findOne({});
    const tries = await Promise.allSettled(others.map((name) => client.db(name).collection('any').findOne({})));

    expect(own).toBeNull();
    expect(tries).toMatchObject(others.map(() => ({ status: 'rejected', reason: { codeName: 'Unauthorized' } })));
    await client.close();
  });

  it.each(serviceNames)('%s may use its own subjects and no other', async (service) => {
    const { NATS_URL, NATS_USER, NATS_PASSWORD } = await environmentOf(service);
    const bus = await connect({
      servers: NATS_URL,
      user: NATS_USER,
      pass: NATS_PASSWORD,
      inboxPrefix: `_INBOX.${service}`,
    });
    const refused = (subject: string) =>
      new Promise<unknown>((resolve) => bus.subscribe(subject, { callback: (error) => resolve(error) }));

    expect(await refused('_INBOX.>')).toMatchObject({ name: 'PermissionViolationError' });
    expect(await refused('uploads.v1.*')).toMatchObject({ name: 'PermissionViolationError' });
    expect(await refused(`${serviceNames.find((name) => name !== service && name !== 'gateway')}.v1.>`)).toMatchObject({
      name: 'PermissionViolationError',
    });
    await bus.close();
  });

  it('writes its secrets to files that only their owner may read', async () => {
    const { stat } = await import('node:fs/promises');
    for (const file of ['owner.json', 'secrets.json', 'stack.json', 'env/auth.env']) {
      expect(((await stat(join(stack.home, file))).mode & 0o777).toString(8)).toBe('600');
    }
  });
});
