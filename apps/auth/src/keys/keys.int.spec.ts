import { maxTokenBytes } from '@keyport/access';
import { createKey, getKey, listKeys, login, revokeKey } from '@keyport/contracts';
import { whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';

const day = 24 * 3600;

let system: AuthSystem;
let gateway: GatewayDouble;
/** By session, and by the key of `owner.json`. */
let ownerSession: Who;
let ownerKey: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  gateway = await system.gateway();
  const { email, password, token } = await system.ownerFile();
  ownerKey = whoHas(token);
  ownerSession = whoHas((await gateway.ask(login, { email, password })).accessToken);
});

afterAll(() => system.stop());

const mint = (who: Who, scopes: string[], expiresInSeconds?: number) =>
  gateway.ask(createKey, { name: 'nightly export', scopes, ...(expiresInSeconds && { expiresInSeconds }) }, who);

const lifetimeOf = (token: string) => {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
};

describe('minting a key', () => {
  it('gives a token with the rights asked for, and the key without it', async () => {
    const { token, key } = await mint(ownerSession, ['records:read:orders', 'exports:*:ord*', 'records:read:orders']);

    expect(decodeJwt(token)).toMatchObject({
      iss: ownerSession.iss,
      sub: ownerSession.sub,
      key: key.id,
      scope: 'records:read:orders exports:*:ord*',
      client_id: 'keyport',
    });
    expect(decodeJwt(token)).not.toHaveProperty('anc');
    expect(key).toMatchObject({
      name: 'nightly export',
      scopes: ['records:read:orders', 'exports:*:ord*'],
      revokedAt: null,
    });
    expect(Date.parse(key.expiresAt ?? '')).toBe((decodeJwt(token).exp ?? 0) * 1000);
    expect(await gateway.ask(getKey, { keyId: key.id }, ownerSession)).toEqual(key);
  });

  it('keeps the token nowhere', async () => {
    const { token } = await mint(ownerSession, ['records:read:orders']);

    const stored = JSON.stringify(await system.database.collection('keys').find().toArray());

    for (const part of token.split('.').slice(1)) expect(stored).not.toContain(part);
  });

  it('gives it 90 days unless told, and what is told up to the limit', async () => {
    expect(lifetimeOf((await mint(ownerSession, ['keys:read'])).token)).toBe(90 * day);
    expect(lifetimeOf((await mint(ownerSession, ['keys:read'], 366 * day)).token)).toBe(366 * day);
    expect(
      await gateway.refusal(
        createKey,
        { name: 'k', scopes: ['keys:read'], expiresInSeconds: 366 * day + 1 },
        ownerSession,
      ),
    ).toMatchObject({ code: 'KEY_LIFETIME_TOO_LONG', params: { maximumSeconds: 366 * day } });
  });

  it('needs the right to', async () => {
    const error = await gateway.refusal(
      createKey,
      { name: 'k', scopes: ['records:read:a'] },
      { scope: 'records:read:a' },
    );

    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'keys:create' } });
  });

  it.each([['records:read:orders'], ['records:*:a'], ['*'], ['keys:delete'], ['records:read:*']])(
    'refuses %s to one who has it not',
    async (scope) => {
      const who = { scope: 'keys:create keys:read records:read:a*' };

      const error = await gateway.refusal(createKey, { name: 'k', scopes: ['records:read:ab', scope] }, who);

      expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope } });
    },
  );

  it.each(['records:read', 'records:write:a', 'nothing:read:a', 'records:read:A', 'keys:read:a', 'records:read:a b'])(
    'refuses %s, which is no scope',
    async (scope) => {
      expect(await gateway.refusal(createKey, { name: 'k', scopes: [scope] }, ownerSession)).toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    },
  );

  it('refuses a token that no gateway would read', async () => {
    const scopes = Array.from({ length: 130 }, (_, at) => `records:read:${'x'.repeat(40)}-${at}`);

    const error = await gateway.refusal(createKey, { name: 'k', scopes }, ownerSession);

    expect(error).toMatchObject({ code: 'TOKEN_TOO_LARGE', params: { limitBytes: maxTokenBytes } });
  });

  it('refuses the same sub of another issuer', async () => {
    const stranger = { ...ownerSession, iss: 'https://elsewhere.example' };

    expect(await gateway.refusal(createKey, { name: 'k', scopes: ['keys:read'] }, stranger)).toMatchObject({
      code: 'CONTEXT_INVALID',
    });
  });
});

describe('a key minted through a key', () => {
  it('names the tokens it came through, nearest first', async () => {
    const child = await mint(ownerKey, ['*']);
    const grandchild = await mint(whoHas(child.token), ['*']);

    expect(decodeJwt(grandchild.token)).toMatchObject({ anc: [decodeJwt(child.token).jti, ownerKey.jti] });
  });

  it('ends with it at the latest', async () => {
    const parent = await mint(ownerSession, ['keys:create', 'keys:read'], 3600);

    const child = await mint(whoHas(parent.token), ['keys:read'], 30 * day);

    expect(decodeJwt(child.token).exp).toBeLessThanOrEqual(decodeJwt(parent.token).exp ?? 0);
    expect(child.key.expiresAt).toBe(new Date((decodeJwt(child.token).exp ?? 0) * 1000).toISOString());
  });

  it('may have four ancestors and no fifth', async () => {
    let who = ownerKey;
    for (let depth = 1; depth <= 4; depth += 1) who = whoHas((await mint(who, ['*'])).token);

    expect(who.anc).toHaveLength(4);
    expect(await gateway.refusal(createKey, { name: 'k', scopes: ['*'] }, who)).toMatchObject({
      code: 'KEY_CHAIN_TOO_LONG',
    });
  });

  it('is refused where MongoDB knows that the key was revoked, before the bus does', async () => {
    const parent = await mint(ownerSession, ['keys:create', 'keys:read']);
    await system.database
      .collection('keys')
      .updateOne({ _id: parent.key.id as never }, { $set: { revokedAt: new Date() } });

    expect(await gateway.refusal(createKey, { name: 'k', scopes: ['keys:read'] }, whoHas(parent.token))).toMatchObject({
      code: 'TOKEN_REVOKED',
    });
  });
});

describe('seeing keys', () => {
  const alice = { sub: 'alice', scope: 'keys:*' };
  const bob = { sub: 'bob', scope: 'keys:*' };

  it('shows one only their own, an owner all, and others nothing that exists', async () => {
    const { key } = await mint(alice, ['keys:read']);

    expect((await gateway.ask(listKeys, {}, alice)).items.map(({ id }) => id)).toContain(key.id);
    expect((await gateway.ask(listKeys, {}, bob)).items.map(({ id }) => id)).not.toContain(key.id);
    expect((await gateway.ask(listKeys, { limit: 1000 }, ownerSession)).items.map(({ id }) => id)).toContain(key.id);
    for (const contract of [getKey, revokeKey]) {
      expect(await gateway.refusal(contract, { keyId: key.id }, bob)).toMatchObject({ code: 'KEY_NOT_FOUND' });
      expect(await gateway.refusal(contract, { keyId: 'f'.repeat(24) }, alice)).toMatchObject({
        code: 'KEY_NOT_FOUND',
      });
    }
    expect(await gateway.ask(getKey, { keyId: key.id }, alice)).toMatchObject({ revokedAt: null });
  });

  it('pages through them, newest first, each once', async () => {
    const carol = { sub: 'carol', scope: 'keys:*' };
    const minted: string[] = [];
    for (let count = 0; count < 5; count += 1) minted.unshift((await mint(carol, ['keys:read'])).key.id);

    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await gateway.ask(listKeys, { limit: 2, ...(cursor && { cursor }) }, carol);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);

    expect(seen).toEqual(minted);
  });

  it.each([
    [listKeys, {}, 'keys:read'],
    [getKey, { keyId: 'x' }, 'keys:read'],
    [revokeKey, { keyId: 'x' }, 'keys:delete'],
  ])('needs the right to: $subject', async (contract, request, scope) => {
    expect(await gateway.refusal(contract, request, { scope: 'keys:create' })).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope },
    });
  });

  it.each(['!', Buffer.from('x').toString('base64url'), 'e'.repeat(60)])('refuses the cursor %j', async (cursor) => {
    expect(await gateway.refusal(listKeys, { cursor }, ownerSession)).toMatchObject({ code: 'CURSOR_INVALID' });
  });
});

describe('a caller of the bus', () => {
  it('without a context is refused', async () => {
    expect(await gateway.refusal(listKeys, {})).toMatchObject({
      code: 'CONTEXT_INVALID',
      params: { check: 'presence' },
    });
  });

  it('with an access token in the place of a context is refused', async () => {
    const { token } = await system.ownerFile();

    await expect(gateway.requester.request(listKeys, {}, { authority: token })).rejects.toMatchObject({
      code: 'CONTEXT_INVALID',
    });
  });
});
