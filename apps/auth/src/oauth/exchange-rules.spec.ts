import { describe, expect, it } from '@jest/globals';
import type { Identity } from '@keyport/access';
import { codeOf } from '@keyport/testing';
import { actorOf, exchangedDetails, exchangedFrom, exchangedLifetime, givenForExternal } from './exchange-rules.ts';

const client = `client-${'a'.repeat(24)}`;
const otherClient = `client-${'b'.repeat(24)}`;
const identity = (changes: Partial<Identity> = {}): Identity => ({
  ...{ issuer: 'https://keyport.example', subject: 'user-1', userId: 'user-1', tokenId: 'token-1', issuedAt: 100 },
  ...{ signedBy: 'keyport-1', keyId: undefined, sessionId: undefined, publicKeyId: undefined, clientId: 'keyport' },
  ...{ ancestors: [], scopes: [], details: undefined },
  ...changes,
});
const detail = (more: object = {}) => ({
  ...{ type: 'keyport_dataset' as const, datasets: ['orders'], actions: ['records:read'] },
  ...more,
});
const codeThrown = (work: () => unknown) => codeOf((async () => work())());

describe('What is given for a token of this deployment', () => {
  it('is for the same user, and names the token, its key and what signed it', () => {
    const given = exchangedFrom(identity({ keyId: 'key-1', ancestors: ['key-0'] }), undefined);

    expect(given).toEqual({
      ...{ subject: 'user-1', keyId: 'key-1', ancestors: ['token-1', 'key-0'], issuerId: undefined },
      clientId: undefined,
      origin: { iat: 100, kids: ['keyport-1'], clients: [] },
    });
  });

  it('remembers all keys that signed before, and the earliest moment', () => {
    const origin = { iat: 40, exp: 500, kids: ['keyport-0'], clients: [], sid: 'session-1' };

    const given = exchangedFrom(identity({ origin, ancestors: ['token-0'] }), undefined);

    expect(given.origin).toEqual({ iat: 40, kids: ['keyport-1', 'keyport-0'], clients: [], sid: 'session-1' });
  });

  it('depends on the session, which it is not', () => {
    const given = exchangedFrom(identity({ sessionId: 'session-1' }), undefined);

    expect(given.origin.sid).toBe('session-1');
    expect(given).not.toHaveProperty('sessionId');
  });

  it('is given to the client that asks, and depends on the one that the token was given to', () => {
    const given = exchangedFrom(identity({ clientId: client }), otherClient);

    expect([given.clientId, given.origin.clients]).toEqual([otherClient, [client]]);
  });

  it('stays with its client where none asks', () => {
    const given = exchangedFrom(identity({ clientId: client }), undefined);

    expect([given.clientId, given.origin.clients]).toEqual([client, []]);
  });

  it('of a self-issued token is for its user, and names the public key and the token', () => {
    const self = { issuer: 'https://keyport.example/public-keys/1', publicKeyId: 'pk-1', signedBy: 'pk-1' };

    const given = exchangedFrom(identity(self), undefined);

    expect(given).toMatchObject({ subject: 'user-1', ancestors: ['pk-1'] });
    expect(given.origin).toEqual({
      ...{ iat: undefined, kids: [], clients: [] },
      ext: { iss: self.issuer, sub: 'user-1', jti: 'token-1', kid: 'pk-1', iat: 100 },
    });
  });

  it('keeps what another issuer gave at the beginning', () => {
    const ext = { iss: 'https://idp.example', sub: 'alice', kid: 'a', iat: 1 };
    const origin = { iat: 50, exp: 500, kids: [], clients: [], ext };

    expect(exchangedFrom(identity({ origin, issuerId: 'issuer-1' }), undefined)).toMatchObject({
      ...{ issuerId: 'issuer-1', origin: { ext } },
    });
  });

  it('has four ancestors at most', async () => {
    expect(exchangedFrom(identity({ ancestors: ['a', 'b', 'c'] }), undefined).ancestors).toHaveLength(4);
    expect(await codeThrown(() => exchangedFrom(identity({ ancestors: ['a', 'b', 'c', 'd'] }), undefined))).toBe(
      'OAUTH_REQUEST_INVALID',
    );
  });
});

describe('What is given for a token of another issuer', () => {
  const theirs = identity({
    issuer: 'https://idp.example',
    subject: 'user-1',
    userId: undefined,
    issuerId: 'issuer-1',
  });

  it('is for a principal of its own, by both its names', () => {
    const given = givenForExternal(theirs, undefined);

    expect(given).toMatchObject({ subject: 'https://idp.example|user-1', ancestors: [], issuerId: 'issuer-1' });
    expect(given.origin.ext).toEqual({
      iss: 'https://idp.example',
      sub: 'user-1',
      jti: 'token-1',
      kid: 'keyport-1',
      iat: 100,
    });
  });

  it('names no id where the token has none', () => {
    expect(givenForExternal({ ...theirs, tokenId: '' }, undefined).origin.ext).not.toHaveProperty('jti');
  });
});

describe('Rows and fields of what is given', () => {
  it('are those of the token where none are asked for', () => {
    expect(exchangedDetails(undefined, undefined)).toBeUndefined();
    expect(exchangedDetails([detail()], undefined)).toEqual([detail()]);
  });

  it('are those that are asked for, narrowed by those of the token', () => {
    const held = [detail({ filter: { region: 'eu' } })];

    expect(exchangedDetails(undefined, JSON.stringify([detail()]))).toEqual([detail()]);
    expect(exchangedDetails(held, JSON.stringify([detail({ fields: ['a'] })]))).toEqual([
      detail({ filter: { region: 'eu' }, fields: ['a'] }),
    ]);
    expect(exchangedDetails(held, JSON.stringify([detail({ datasets: ['*'] })]))).toEqual(held);
  });

  it.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['an empty list', '[]'],
    ['of another type', '[{"type":"payment"}]'],
    ['of another dataset', JSON.stringify([detail({ datasets: ['invoices'] })])],
    ['of another action', JSON.stringify([detail({ actions: ['records:delete'] })])],
    ['partly of another dataset', JSON.stringify([detail(), detail({ datasets: ['invoices'] })])],
    ['with code', JSON.stringify([detail({ filter: { $where: '1' } })])],
  ])('are refused where what is asked for is %s', async (_what, asked) => {
    expect(await codeThrown(() => exchangedDetails([detail()], asked))).toBe('OAUTH_DETAILS_INVALID');
  });
});

describe('How long what is given lives', () => {
  it.each<[string, string | undefined, number[], number]>([
    ['an hour unless told', undefined, [90_000], 3600],
    ['as long as is asked for', '60', [90_000], 60],
    ['no longer than any bound', '86400', [90_000, 500, 700], 500],
    ['no longer than a bound below an hour', undefined, [10], 10],
  ])('is %s', (_what, asked, bounds, seconds) => {
    expect(exchangedLifetime(asked, bounds)).toBe(seconds);
  });

  it('is nothing where nothing is left', async () => {
    expect(await codeThrown(() => exchangedLifetime(undefined, [0]))).toBe('OAUTH_REQUEST_INVALID');
    expect(await codeThrown(() => exchangedLifetime('5', [-3]))).toBe('OAUTH_REQUEST_INVALID');
  });
});

describe('Who acts', () => {
  it('is the client that asks, and within it who acted before (RFC 8693 §4.1)', () => {
    expect(actorOf({ _id: client, authentication: 'client_secret' }, { sub: 'before' })).toEqual({
      ...{ sub: client, act: { sub: 'before' } },
    });
  });

  it('is not a client that anybody may claim to be, nor what is no claim', () => {
    expect(actorOf({ _id: client, authentication: 'none' }, undefined)).toBeUndefined();
    expect(actorOf(undefined, { sub: 'before' })).toEqual({ sub: 'before' });
    expect(actorOf(undefined, 'before')).toBeUndefined();
  });
});
