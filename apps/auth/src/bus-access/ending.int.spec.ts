import { changeKey, changeUser, createRevocation, getKey, revokeKey } from '@keyport/contracts';
import { BusRefusals, eventually } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { closedAfter, expiryOf, Publishers, publishTo } from '../harness/publishers.ts';

let publishers: Publishers;

beforeAll(async () => {
  publishers = await Publishers.start(['orders-eu', 'orders-us', 'paid']);
});

afterAll(() => publishers?.stop());

describe('Within a second it is closed', () => {
  it.each<[string, (keyId: string, token: string) => Promise<unknown>]>([
    ['when the key is revoked', (keyId) => publishers.gateway.ask(revokeKey, { keyId }, publishers.people.owner)],
    [
      'when its token alone is revoked',
      (_keyId, token) =>
        publishers.gateway.ask(createRevocation, { jti: decodeJwt(token).jti ?? '' }, publishers.people.owner),
    ],
  ])('%s, and not opened again', async (_when, change) => {
    const { token, keyId } = await publishers.mint(['events:publish:paid']);
    const connection = await publishers.open(token, { reconnect: false });
    await publishTo('paid', connection);

    const ms = await closedAfter(connection, () => change(keyId, token));

    expect(ms).toBeLessThan(1_000);
    expect(await publishers.refusalOf(token)).toBe('AuthorizationError');
  });

  it('when the ceiling of its key is lowered, and opened again with what is left', async () => {
    const { token, keyId } = await publishers.mint(['events:publish:paid', 'events:publish:orders-eu']);
    const connection = await publishers.open(token, { reconnect: false });
    await publishTo('paid', connection);

    const lowered = { keyId, scopes: ['events:publish:orders-eu'] };
    const ms = await closedAfter(connection, () => publishers.gateway.ask(changeKey, lowered, publishers.people.owner));

    expect(ms).toBeLessThan(1_000);
    const again = new BusRefusals(await publishers.open(token));
    expect(await again.publish('ingest.v1.paid')).toBe('PermissionViolationError');
    expect(await again.publish('ingest.v1.orders-eu')).toBe('none');
  });

  it('when its user loses the right', async () => {
    const { who, id } = await publishers.people.signedIn({ scopes: ['events:publish:*', 'keys:*'] });
    const connection = await publishers.open((await publishers.mint(['events:publish:paid'], {}, who)).token, {
      reconnect: false,
    });
    await publishTo('paid', connection);

    const changed = { userId: id, scopes: ['events:publish:orders-eu'] };
    const ms = await closedAfter(connection, () =>
      publishers.gateway.ask(changeUser, changed, publishers.people.owner),
    );

    expect(ms).toBeLessThan(1_000);
  });

  it('when the token expires', async () => {
    const { token } = await publishers.mint(['events:publish:paid'], { expiresInSeconds: 3 });
    const connection = await publishers.open(token, { reconnect: false });
    const exp = expiryOf(token) * 1000;

    await connection.closed();

    expect(Math.abs(Date.now() - exp)).toBeLessThan(1_500);
  });

  it('when the key is revoked while no auth process runs that admitted it', async () => {
    const { token, keyId } = await publishers.mint(['events:publish:paid']);
    const connection = await publishers.open(token, { reconnect: false });
    await publishTo('paid', connection);
    await publishers.restartAuth();

    const ms = await closedAfter(connection, () =>
      publishers.gateway.ask(revokeKey, { keyId }, publishers.people.owner),
    );

    expect(ms).toBeLessThan(1_000);
  });
});

describe('A key', () => {
  it('counts as used for as long as somebody is connected with it', async () => {
    const { token, keyId } = await publishers.mint(['events:publish:paid']);
    const lastUsed = async () =>
      Date.parse((await publishers.gateway.ask(getKey, { keyId }, publishers.people.owner)).lastUsedAt ?? '');
    await publishers.open(token);
    const connected = await eventually(lastUsed, (at) => at > 0);

    expect(await eventually(lastUsed, (at) => at > connected)).toBeGreaterThan(connected);
  });
});

describe('A connection that has lasted as long as it may', () => {
  it('is opened anew by the client itself, and goes on', async () => {
    await publishers.restartAuth({ KEYPORT_BUS_CONNECTION_SECONDS: '10' });
    const { token } = await publishers.mint(['events:publish:paid']);
    const connection = await publishers.open(token);
    const seen: string[] = [];
    const errors: Error[] = [];
    void (async () => {
      for await (const status of connection.status()) {
        seen.push(status.type);
        if (status.type === 'error') errors.push(status.error);
      }
    })();

    await eventually(() => seen.includes('reconnect'), Boolean);

    expect(await publishTo('paid', connection)).toMatchObject({ stream: 'INGEST' });
    // By auth, which comes before nats-server: that would say that the user has expired.
    expect(errors).toEqual([]);
  });
});
