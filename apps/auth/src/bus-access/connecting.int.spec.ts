import { revokeKey, serverSubjects, toolUsers } from '@keyport/contracts';
import { BusRefusals, eventually } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { expiryOf, Publishers, publishTo } from '../harness/publishers.ts';

let publishers: Publishers;

beforeAll(async () => {
  publishers = await Publishers.start(['orders-eu', 'orders-us', 'paid']);
});

afterAll(() => publishers?.stop());

describe('Whoever connects with a Keyport key', () => {
  it('publishes to the dataset that the key may publish to, and is answered', async () => {
    const { token } = await publishers.mint(['events:publish:paid']);

    const acknowledged = await publishTo('paid', await publishers.open(token));

    expect(acknowledged).toMatchObject({ stream: 'INGEST', duplicate: false });
  });

  it('may send the key as the token of NATS too', async () => {
    const { token } = await publishers.mint(['events:publish:paid']);

    expect(await publishers.refusalOf('', { token, user: undefined, pass: undefined })).toBe('none');
  });

  it('reaches no other dataset, no service, no stream and no inbox but its own', async () => {
    const { token } = await publishers.mint(['events:publish:paid']);
    const refusals = new BusRefusals(await publishers.open(token));
    const published = [
      'ingest.v1.orders-eu',
      'records.v1.write',
      '$JS.API.INFO',
      '$KV.rights.user.x',
      '$SYS.REQ.USER.AUTH',
    ];
    const subscribed = ['>', '_INBOX.>', '_INBOX.gateway.>', 'ingest.v1.*', 'events.v1.>', '$SYS.>'];

    for (const subject of published) expect(await refusals.publish(subject)).toBe('PermissionViolationError');
    for (const subject of subscribed) expect(await refusals.subscribe(subject)).toBe('PermissionViolationError');
    expect(await refusals.publish('ingest.v1.paid')).toBe('none');
  });

  it('has nothing stored in a bucket by naming it as the subject to be answered on', async () => {
    const { token } = await publishers.mint(['events:publish:paid']);
    const connection = await publishers.open(token);
    const forged = ['$KV.revocations.jti.victim', '$KV.rights.user.victim', 'events.v1.import.completed'];

    for (const reply of forged)
      expect(await new BusRefusals(connection).publish('ingest.v1.paid', '{}', reply)).toBe('none');
    // Answers leave in order: those before it have been sent too.
    await publishTo('paid', connection);

    const manager = await jetstreamManager(publishers.system.bus, { checkAPI: false });
    for (const subject of forged) {
      const stream = subject.startsWith('events') ? 'EVENTS' : `KV_${subject.split('.')[1]}`;
      expect(await manager.streams.getMessage(stream, { last_by_subj: subject }).catch(() => null)).toBeNull();
    }
  });

  it('hears what Keyport tells, with the right to read the events of all datasets', async () => {
    const connection = await publishers.open((await publishers.mint(['events:read:*'])).token);
    const heard: string[] = [];
    connection.subscribe('events.v1.>', { callback: (_error, { subject }) => void heard.push(subject) });
    await connection.flush();

    const { keyId } = await publishers.mint(['events:read:*']);
    await publishers.gateway.ask(revokeKey, { keyId }, publishers.people.owner);

    expect(
      await eventually(
        () => heard,
        (subjects) => subjects.includes('events.v1.key.revoked'),
      ),
    ).toContain('events.v1.key.created');
    expect(await new BusRefusals(connection).publish('ingest.v1.paid')).toBe('PermissionViolationError');
  });

  it('publishes to the datasets that a pattern stands for, to a new one once it is connected anew', async () => {
    const connection = await publishers.open((await publishers.mint(['events:publish:orders-*'])).token);
    const refusals = new BusRefusals(connection);
    expect(await publishTo('orders-eu', connection)).toMatchObject({ stream: 'INGEST' });
    expect(await refusals.publish('ingest.v1.paid')).toBe('PermissionViolationError');
    expect(await refusals.publish('ingest.v1.orders-asia')).toBe('PermissionViolationError');

    await publishers.addDataset('orders-asia');

    // Closed by auth when it next compares, every ten seconds; the client connects again by itself.
    await eventually(
      () => refusals.publish('ingest.v1.orders-asia').catch(() => 'closed'),
      (refusal) => refusal === 'none',
    );
    expect(await publishTo('orders-asia', connection)).toMatchObject({ stream: 'INGEST' });
  }, 120_000);
});

describe('Nobody connects', () => {
  it.each<[string, () => Promise<string>]>([
    ['without a key', async () => ''],
    ['with something else', async () => 'a password'],
    ['with a key that has no right to events', async () => (await publishers.mint(['records:*:*'])).token],
    [
      'with a right to read the events of one dataset alone',
      async () => (await publishers.mint(['events:read:paid'])).token,
    ],
    [
      'with a key that is narrowed to rows',
      async () => {
        const detail = { type: 'keyport_dataset', datasets: ['paid'], actions: ['events:publish'], filter: { a: 1 } };
        return (await publishers.mint(['events:publish:paid'], { authorizationDetails: [detail] })).token;
      },
    ],
    [
      'with a revoked key',
      async () => {
        const { token, keyId } = await publishers.mint(['events:publish:paid']);
        await publishers.gateway.ask(revokeKey, { keyId }, publishers.people.owner);
        return token;
      },
    ],
    [
      'with a key that has expired',
      async () => {
        const { token } = await publishers.mint(['events:publish:paid'], { expiresInSeconds: 1 });
        // The clock may differ by five seconds.
        await eventually(() => Date.now() / 1000 > expiryOf(token) + 6, Boolean);
        return token;
      },
    ],
    [
      'with a key that was changed',
      async () => {
        const { token } = await publishers.mint(['events:publish:paid']);
        return `${token.slice(0, -4)}AAAA`;
      },
    ],
    [
      'with the context of a caller',
      () => publishers.gateway.caller(publishers.people.owner.sub as string, ['events:publish:paid']),
    ],
  ])('%s', async (_how, make) => {
    expect(await publishers.refusalOf(await make())).toBe('AuthorizationError');
  });

  it.each(['gateway', 'auth', ...toolUsers, 'callout'])(
    'as %s by a Keyport key in place of its password',
    async (user) => {
      const { token } = await publishers.mint(['*']);

      expect(await publishers.refusalOf(token, { user })).toBe('AuthorizationError');
    },
  );
});

describe('nats-server', () => {
  it('shows the key of a publisher to nobody who listens', async () => {
    const seen: string[] = [];
    for (const user of toolUsers) {
      const tool = await publishers.system.servers.connectionOf(user);
      tool.subscribe('$SYS.>', { callback: (_error, { subject }) => void seen.push(subject) });
      tool.subscribe('>', { callback: (_error, { subject }) => void seen.push(subject) });
      await tool.flush();
    }

    await publishTo('paid', await publishers.open((await publishers.mint(['events:publish:paid'])).token));

    await eventually(() => seen.includes('ingest.v1.paid'), Boolean);
    expect(seen).not.toContain(serverSubjects.authorize);
  });
});
