import { describe, expect, it } from '@jest/globals';
import { eventually, outcomeOf, withinASecond, type Problem } from '@keyport/testing';
import { basicOf, registerClient, sendForm } from './oauth-client.ts';
import { holder, inactiveEverywhere, introspect, refusedEverywhere, tokenOf } from './oauth-scene.ts';
import { pausedImport } from './paused-import.ts';
import { gateways, owner, withTwoGateways } from './two-gateways.ts';

withTwoGateways(['orders']);

describe('A token of a client', () => {
  it('says who it is, and what it may do by which ceiling', async () => {
    const registered = await registerClient(owner, { scopes: ['records:*:orders', 'keys:read'] });
    const token = await tokenOf(registered, { scope: 'records:read:orders keys:read' });

    const me = await owner.with(token.access_token).ok<Record<string, unknown>>('/v1/auth/me');

    expect(me).toMatchObject({
      ...{ kind: 'client', subject: registered.client.id, client: registered.client.id, key: null },
      scopes: ['records:read:orders', 'keys:read'],
      rights: [
        { scope: 'records:read:orders', from: { client: 'records:*:orders', owner: null } },
        { scope: 'keys:read', from: { client: 'keys:read', owner: null } },
      ],
    });
  });

  it('is inspected like any other', async () => {
    const registered = await registerClient(owner);
    const { access_token: token } = await tokenOf(registered);
    const inspect = () => owner.ok<object>('/v1/tokens/inspect', { method: 'POST', json: { token } });

    const before = await inspect();
    await owner.ok(`/v1/clients/${registered.client.id}`, { method: 'DELETE' });

    expect(before).toMatchObject({ active: true, claims: { client_id: registered.client.id } });
    await refusedEverywhere(token);
    expect(await inspect()).toMatchObject({
      active: false,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'client', ok: false })]),
    });
  });

  it('makes no keys and registers none: those belong to people', async () => {
    const client = await holder(await registerClient(owner, { scopes: ['*'] }));

    const minted = await client.request<Problem>('/v1/keys', {
      method: 'POST',
      json: { name: 'k', scopes: ['keys:read'] },
    });

    expect(outcomeOf(minted)).toEqual([403, 'USER_NEEDED']);
  });

  it('loses within a second what its client may do no more, on every gateway, and has it again', async () => {
    const registered = await registerClient(owner, { scopes: ['records:read:orders', 'clients:read'] });
    const { access_token: token } = await tokenOf(registered);
    const path = `/v1/clients/${registered.client.id}`;
    const seesClients = (status: number) =>
      Promise.all(
        gateways.map((gateway) =>
          withinASecond(
            () => gateway.with(token).request('/v1/clients'),
            (reply) => reply.status === status,
          ),
        ),
      );

    await seesClients(200);
    await owner.ok(path, { method: 'PATCH', json: { scopes: ['records:read:orders'] } });
    await seesClients(403);
    await owner.ok(path, { method: 'PATCH', json: { scopes: ['clients:read'] } });
    await seesClients(200);

    expect((await owner.with(token).ok<{ scopes: string[] }>('/v1/auth/me')).scopes).toEqual(['clients:read']);
  });

  it('ends with its client within a second on every gateway, and its client gets no other', async () => {
    const registered = await registerClient(owner);
    const { access_token: token } = await tokenOf(registered);
    expect((await introspect(owner, token)).active).toBe(true);

    await owner.ok(`/v1/clients/${registered.client.id}`, { method: 'DELETE' });

    await refusedEverywhere(token);
    await inactiveEverywhere(token);
    const again = await sendForm(
      owner,
      '/oauth/token',
      { grant_type: 'client_credentials' },
      basicOf(registered.client.id, registered.secret),
    );
    expect(again).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect((await owner.request(`/v1/clients/${registered.client.id}`)).status).toBe(404);
  });

  it('ends by a revocation of its client, which may ask for new ones after a cutoff', async () => {
    const registered = await registerClient(owner);
    const { access_token: token } = await tokenOf(registered);

    const revocation = { client: registered.client.id, notBefore: new Date().toISOString() };
    await owner.ok('/v1/revocations', { method: 'POST', json: revocation });

    await refusedEverywhere(token);
    expect((await owner.with((await tokenOf(registered)).access_token).request('/v1/auth/me')).status).toBe(200);
  });
});

describe('A client', () => {
  it('that is revoked altogether gets no token, and its tokens end, until the revocation is lifted', async () => {
    const registered = await registerClient(owner);
    const { access_token: token } = await tokenOf(registered);
    const json = { client: registered.client.id };
    const { id } = await owner.ok<{ id: string }>('/v1/revocations', { method: 'POST', json });
    await refusedEverywhere(token);
    const ask = () =>
      sendForm(
        owner,
        '/oauth/token',
        { grant_type: 'client_credentials' },
        basicOf(registered.client.id, registered.secret),
      );

    await withinASecond(ask, ({ status }) => status === 401);
    await owner.ok(`/v1/revocations/${id}`, { method: 'DELETE' });
    const again = await withinASecond(ask, ({ status }) => status === 200);

    expect((await owner.with(String(again.body['access_token'])).request('/v1/auth/me')).status).toBe(200);
  });

  it('stands in the audit with what it was given, and with what it failed at', async () => {
    const { client, secret } = await registerClient(owner);
    await tokenOf({ client, secret });
    await sendForm(owner, '/oauth/token', { grant_type: 'client_credentials' }, basicOf(client.id, 'kps_wrong'));
    interface Entry {
      readonly status: number;
      readonly subject: string | null;
      readonly account: string | null;
      readonly code: string | null;
    }

    const entries = await eventually(
      async () => {
        const { items } = await owner.ok<{ items: Entry[] }>('/v1/audit?action=oauth.token&limit=50');
        return items.filter(({ subject, account }) => [subject, account].includes(client.id));
      },
      ({ length }) => length === 2,
    );

    expect(entries).toMatchObject([
      { status: 401, code: 'OAUTH_CLIENT_INVALID', subject: null, account: client.id },
      { status: 200, code: null, subject: client.id },
    ]);
  });
});

describe('An import by a client', () => {
  const row = (index: number) => `{"a":${index}}\n`;

  it('is completed', async () => {
    const client = await holder(
      await registerClient(owner, { scopes: ['imports:create:orders', 'imports:read:orders'] }),
    );

    const ended = await client.imported('orders', 'application/x-ndjson', row(1));

    expect(ended).toMatchObject({ state: 'completed', counts: { inserted: 1 } });
  });

  it('that is under way ends as RIGHTS_LOST once its client is deleted', async () => {
    const registered = await registerClient(owner, { scopes: ['imports:create:orders', 'imports:update:orders'] });
    const client = await holder(registered);
    // Paused: under way for as long as the test needs.
    const file = Array.from({ length: 200_000 }, (_, index) => row(index)).join('');
    const paused = await pausedImport(client, 'orders', file);

    await owner.ok(`/v1/clients/${registered.client.id}`, { method: 'DELETE' });
    await owner.request(`/v1/imports/${paused.id}/resume`, { method: 'POST' });
    const ended = await owner.importEnd(paused.id);

    expect(ended).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
  });
});
