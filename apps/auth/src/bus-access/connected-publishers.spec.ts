import { beforeEach, describe, expect, it } from '@jest/globals';
import { Holder, Judge, type Identity, type JudgeViews } from '@keyport/access';
import type { RightsEntry, UserRights } from '@keyport/contracts';
import { ConnectedPublishers } from './connected-publishers.ts';
import { connectionName } from './connection-name.ts';

const userId = '0123456789abcdef01234567';
const identity: Identity = {
  ...{ issuer: 'https://keyport.example', subject: userId, tokenId: 'token-1', issuedAt: 1, signedBy: 'keyport-1' },
  ...{ keyId: 'key1', sessionId: undefined, publicKeyId: undefined, userId, clientId: undefined, ancestors: [] },
  ...{ scopes: [], details: undefined },
};
const nameOf = (scopes: string[], whose: Partial<Identity> = {}) =>
  connectionName(new Holder({ ...identity, ...whose }, 2_000_000_000), scopes);
const client = (clientId: number, name = nameOf(['events:publish:orders']), serverId = 'N1') => ({
  ...{ serverId, clientId, name },
});

/** What the views say; tests change it. */
const world = { user: undefined as UserRights | undefined, ceiling: undefined as string[] | undefined };
const state = { revoked: false, signed: true, ready: true, version: 0 };

const views = {
  signingKeys: { isReady: true, contactAt: 0, has: () => state.signed },
  revocations: { isReady: true, contactAt: 0, find: () => (state.revoked ? 0 : -1) },
  rights: {
    ...{ contactAt: 0, publicKey: () => undefined, user: () => world.user },
    get isReady() {
      return state.ready;
    },
    get version() {
      return (state.version += 1);
    },
    key: () => world.ceiling && ({ kind: 'key', scopes: world.ceiling, limits: {} } as RightsEntry),
  },
} as unknown as JudgeViews;

let publishers: ConnectedPublishers;
const idsOf = (list: readonly { clientId: number }[]) => list.map(({ clientId }) => clientId);
const reasons = () => publishers.lost().map(({ reason }) => reason);

beforeEach(() => {
  Object.assign(world, { user: { kind: 'user', role: 'owner', scopes: ['*'], disabled: false }, ceiling: undefined });
  Object.assign(state, { revoked: false, signed: true, ready: true });
  publishers = new ConnectedPublishers(new Judge(views, 0), views.signingKeys);
});

describe('Who is connected', () => {
  it('is whoever came and has not gone', () => {
    publishers.add(client(1));
    publishers.add(client(2));
    publishers.remove(client(1));

    expect(idsOf(publishers.all)).toEqual([2]);
  });

  it('is learned from a list, and whom the list does not show any more has gone', () => {
    publishers.add(client(1), 100);
    publishers.add(client(2), 100);

    publishers.reconcile([client(2), client(3)], new Set(['N1']), 200);

    expect(idsOf(publishers.all)).toEqual([2, 3]);
  });

  it('includes who came while the list was made', () => {
    publishers.add(client(4), 201);

    publishers.reconcile([], new Set(['N1']), 200);

    expect(idsOf(publishers.all)).toEqual([4]);
  });

  it('keeps the clients of a server that does not answer, for two lists', () => {
    publishers.add(client(1, undefined, 'N2'), 100);
    const lists = [200, 300, 400].map((askedAt) => {
      publishers.reconcile([], new Set(['N1']), askedAt);
      return idsOf(publishers.all);
    });

    expect(lists).toEqual([[1], [1], []]);
  });

  it('tells clients of two servers apart that have the same number', () => {
    publishers.add(client(1, undefined, 'N1'));
    publishers.add(client(1, undefined, 'N2'));
    publishers.remove(client(1, undefined, 'N1'));

    expect(publishers.all.map(({ serverId }) => serverId)).toEqual(['N2']);
  });
});

describe('A connection ends', () => {
  beforeEach(() => publishers.add(client(1)));

  it('not while all holds that it was opened with', () => {
    expect(reasons()).toEqual([]);
  });

  it('once its token, or what that depends on, is revoked', () => {
    state.revoked = true;

    expect(reasons()).toEqual(['the token was revoked']);
  });

  it('once the ceiling of its key is lowered below what it was given, and not above', () => {
    world.ceiling = ['events:publish:orders', 'records:read:*'];
    const above = reasons();
    world.ceiling = ['events:publish:paid'];

    expect([above, reasons()]).toEqual([[], ['it has events:publish:orders no more']]);
  });

  it('once its user has lost the right', () => {
    world.user = { kind: 'user', role: 'member', scopes: ['events:publish:paid'], disabled: false };

    expect(reasons()).toEqual(['it has events:publish:orders no more']);
  });

  it.each<[string, UserRights | undefined]>([
    ['is disabled', { kind: 'user', role: 'owner', scopes: ['*'], disabled: true }],
    ['is gone', undefined],
  ])('once its user %s', (_how, user) => {
    world.user = user;

    expect(reasons()).toEqual(['the user it belongs to is disabled or gone']);
  });

  it('once the key that signed its token is known no more', () => {
    state.signed = false;

    expect(reasons()).toEqual(['the key that signed its token is known no more']);
  });

  it('once it is to be opened anew, and not before', () => {
    const now = Math.floor(Date.now() / 1000);
    const named = (renewAt: number) => connectionName(new Holder(identity, 2_000_000_000), [], { renewAt });
    publishers.add(client(2, named(now - 1)));
    publishers.add(client(3, named(now + 60)));

    expect(publishers.lost()).toMatchObject([{ client: { clientId: 2 }, reason: 'it is to be opened anew' }]);
  });

  it('where nobody knows whom it was opened for', () => {
    publishers.add(client(2, 'somebody'));

    expect(publishers.lost()).toMatchObject([{ client: { clientId: 2 } }]);
  });

  it('not for want of views that are still being read', () => {
    Object.assign(state, { ready: false, revoked: true });

    expect(reasons()).toEqual([]);
  });
});
