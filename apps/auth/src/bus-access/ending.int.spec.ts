import { changeKey, changeUser, createRevocation, getKey, revokeKey } from '@keyport/contracts';
import { BusRefusals, eventually, quickest } from '@keyport/testing';
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
    const tried = async () => {
      const { token, keyId } = await publishers.mint(['events:publish:paid']);
      const connection = await publishers.open(token, { reconnect: false });
      await publishTo('paid', connection);
      const ms = await closedAfter(connection, () => change(keyId, token));
      expect(await publishers.refusalOf(token)).toBe('AuthorizationError');
      return ms;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('when the ceiling of its key is lowered, and opened again with what is left', async () => {
    const tried = async () => {
      const { token, keyId } = await publishers.mint(['events:publish:paid', 'events:publish:orders-eu']);
      const connection = await publishers.open(token, { reconnect: false });
      await publishTo('paid', connection);
      const lowered = { keyId, scopes: ['events:publish:orders-eu'] };
      const ms = await closedAfter(connection, () =>
        publishers.gateway.ask(changeKey, lowered, publishers.people.owner),
      );
      const again = new BusRefusals(await publishers.open(token));
      expect(await again.publish('ingest.v1.paid')).toBe('PermissionViolationError');
      expect(await again.publish('ingest.v1.orders-eu')).toBe('none');
      return ms;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('when its user loses the right', async () => {
    const tried = async () => {
      const { who, id } = await publishers.people.signedIn({ scopes: ['events:publish:*', 'keys:*'] });
      const { token } = await publishers.mint(['events:publish:paid'], {}, who);
      const connection = await publishers.open(token, { reconnect: false });
      await publishTo('paid', connection);
      const changed = { userId: id, scopes: ['events:publish:orders-eu'] };
      return closedAfter(connection, () => publishers.gateway.ask(changeUser, changed, publishers.people.owner));
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('when the token expires', async () => {
    let expiresInSeconds = 3;
    const tried = async () => {
      const { token } = await publishers.mint(['events:publish:paid'], { expiresInSeconds });
      // The next has longer, should this one expire before it is shown.
      expiresInSeconds *= 2;
      const connection = await publishers.open(token, { reconnect: false }).catch(() => undefined);
      await connection?.closed();
      return connection ? Math.abs(Date.now() - expiryOf(token) * 1000) : Number.POSITIVE_INFINITY;
    };

    expect(await quickest(1_500, tried)).toBeLessThan(1_500);
  }, 240_000);

  it('when the key is revoked while no auth process runs that admitted it', async () => {
    const tried = async () => {
      const { token, keyId } = await publishers.mint(['events:publish:paid']);
      const connection = await publishers.open(token, { reconnect: false });
      await publishTo('paid', connection);
      await publishers.restartAuth();
      return closedAfter(connection, () => publishers.gateway.ask(revokeKey, { keyId }, publishers.people.owner));
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  }, 240_000);
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
    /** What went wrong before each time that it was opened anew. */
    const renewals: Error[][] = [];
    void (async () => {
      let errors: Error[] = [];
      for await (const status of connection.status()) {
        if (status.type === 'error') errors.push(status.error);
        if (status.type === 'reconnect') [errors] = [[], renewals.push(errors)];
      }
    })();

    // By auth, which comes before nats-server: that would say that the user has expired. Unless both stood still.
    await eventually(
      () => renewals,
      (seen) => seen.some((errors) => errors.length === 0),
      90_000,
    );

    expect(await publishTo('paid', connection)).toMatchObject({ stream: 'INGEST' });
  }, 180_000);
});
