import { describe, expect, it } from '@jest/globals';
import { eventually, outcomeOf, signedInUser, withinASecond, type Problem, type SignedInUser } from '@keyport/testing';
import {
  approved,
  clientId,
  codesFor,
  decide,
  device,
  deviceGrant,
  newClient,
  owner,
  person,
  poll,
  scopes,
  stack,
  untilRefused,
  withDevices,
} from './device-scene.ts';
import { sendForm } from './oauth-client.ts';

withDevices();

interface SignIn {
  readonly id: string;
  readonly client: { readonly id: string; readonly name: string } | null;
  readonly scopes: readonly string[] | null;
  readonly isBoundToKey: boolean;
  readonly isCurrent: boolean;
}
const signInsOf = async (by: SignedInUser) => (await by.client.ok<{ items: SignIn[] }>('/v1/auth/sessions')).items;

describe('A device', () => {
  it('is told to wait, to slow down, and that it was refused', async () => {
    const asked = await codesFor(clientId);

    const first = await poll(clientId, asked.device_code);
    // Five seconds after the one before it would be told to wait again.
    const second = await eventually(
      () => poll(clientId, asked.device_code),
      ({ body }) => body.error !== 'authorization_pending',
    );
    await decide(person, asked.user_code, false);
    const third = await poll(clientId, asked.device_code);

    expect([first, second, third].map(({ status, body }) => [status, body.error])).toEqual([
      [400, 'authorization_pending'],
      [400, 'slow_down'],
      [400, 'access_denied'],
    ]);
  });

  it('acts for its person within what was asked, what its client may, and what the person may now', async () => {
    const { token } = await device(person);
    const me = await owner.with(token).ok<{ subject: string; scopes: string[] }>('/v1/auth/me');

    await owner.ok(`/v1/clients/${clientId}`, { method: 'PATCH', json: { scopes: ['records:read:orders'] } });
    const cut = await eventually(
      () => owner.with(token).ok<{ scopes: string[] }>('/v1/auth/me'),
      (now) => now.scopes.length === 1,
    );
    await owner.ok(`/v1/clients/${clientId}`, { method: 'PATCH', json: { scopes } });

    expect(me).toMatchObject({ subject: person.id, scopes });
    expect(cut.scopes).toEqual(['records:read:orders']);
  });

  it('is seen by its person alone, and ends within a second where they end it, on every gateway', async () => {
    const name = 'Lost phone';
    const { token, refreshToken } = await device(person, await newClient({ name }));
    const stranger = await signedInUser(owner, { scopes });
    const listed = (await signInsOf(person)).find(({ client }) => client?.name === name);

    const byStranger = await stranger.client.request<Problem>(`/v1/auth/sessions/${listed?.id}`, { method: 'DELETE' });
    const seenByStranger = await signInsOf(stranger);
    const ended = await person.client.request(`/v1/auth/sessions/${listed?.id}`, { method: 'DELETE' });
    const { gatewayUrls } = await stack.describe();
    const refused = await withinASecond(
      () =>
        Promise.all(
          gatewayUrls.map(async (url) => {
            const headers = { authorization: `Bearer ${token}` };
            return (await fetch(`${url}/v1/auth/me`, { headers })).status;
          }),
        ),
      (statuses) => statuses.every((status) => status === 401),
    );
    const refresh = await sendForm(owner, '/oauth/token', {
      ...{ client_id: listed?.client?.id ?? '', grant_type: 'refresh_token', refresh_token: refreshToken },
    });

    expect(listed).toMatchObject({ scopes, isBoundToKey: false, isCurrent: false });
    expect(outcomeOf(byStranger)).toEqual([404, 'SESSION_NOT_FOUND']);
    expect(seenByStranger.map(({ client, isCurrent }) => [client, isCurrent])).toEqual([[null, true]]);
    expect([ended.status, refused]).toEqual([204, [401, 401]]);
    expect([refresh.status, refresh.body.error]).toEqual([400, 'invalid_grant']);
  });

  it.each([
    [
      'its person changes their password',
      (by: SignedInUser) => {
        const json = { currentPassword: by.password, newPassword: `${by.password}!` };
        return by.client.request('/v1/auth/password', { method: 'PUT', json });
      },
    ],
    [
      'its person is disabled',
      (by: SignedInUser) => owner.request(`/v1/users/${by.id}`, { method: 'PATCH', json: { disabled: true } }),
    ],
  ])('ends where %s', async (_what, end) => {
    const by = await signedInUser(owner, { scopes });
    const { token } = await device(by);

    expect((await end(by)).status).toBeLessThan(300);

    expect((await untilRefused(token)).status).toBe(401);
  });

  it('ends where its client is deleted', async () => {
    const client = await newClient();
    const { token } = await device(person, client);

    await owner.request(`/v1/clients/${client}`, { method: 'DELETE' });

    expect((await untilRefused(token)).status).toBe(401);
  });

  it('gets nothing where its person changes their password before it fetches its tokens', async () => {
    const by = await signedInUser(owner, { scopes });
    const asked = await codesFor(clientId);
    await approved(by, asked.user_code);
    const json = { currentPassword: by.password, newPassword: `${by.password}!` };
    await by.client.request('/v1/auth/password', { method: 'PUT', json });

    const { status, body } = await poll(clientId, asked.device_code);

    expect([status, body.error]).toEqual([400, 'invalid_grant']);
  });

  it('ends where its device code comes a second time', async () => {
    const { device_code: deviceCode, token } = await device(person);

    const again = await poll(clientId, deviceCode);

    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect((await untilRefused(token)).body.code).toBe('TOKEN_REVOKED');
  });

  it("gets nothing with another client's code, and does no harm to it", async () => {
    const asked = await codesFor(clientId);
    await approved(person, asked.user_code);

    const byOther = await poll(await newClient(), asked.device_code);
    const byOwn = await poll(clientId, asked.device_code);

    expect([byOther.status, byOther.body.error]).toEqual([400, 'invalid_grant']);
    expect(byOwn.status).toBe(200);
  });

  it('cannot refresh where its client may not, and asks nobody twice where its tokens are fetched at once', async () => {
    const client = await newClient({ grants: [deviceGrant] });
    const asked = await codesFor(client);
    await approved(person, asked.user_code);

    const answers = await Promise.all([poll(client, asked.device_code), poll(client, asked.device_code)]);

    const given = answers.filter(({ status }) => status === 200);
    expect(given.length).toBeLessThanOrEqual(1);
    expect(given.every(({ body }) => body.refresh_token === undefined)).toBe(true);
  });

  it.each([
    ['a client that nobody knows', { client_id: 'client-000000000000000000000000' }, 401, 'invalid_client'],
    ['no client', { scope: 'records:read:orders' }, 401, 'invalid_client'],
    ['a scope that does not exist', { scope: 'records:fly:orders' }, 400, 'invalid_scope'],
    ['a scope beyond its client', { scope: 'records:delete:orders' }, 400, 'invalid_scope'],
  ] as [string, Record<string, string>, number, string][])(
    'is refused a code with %s',
    async (what, change, status, error) => {
      const named: Record<string, string> = what === 'no client' ? {} : { client_id: clientId };

      const refused = await sendForm(owner, '/oauth/device_authorization', { ...named, ...change });

      expect([refused.status, refused.body.error]).toEqual([status, error]);
      expect(refused.headers.get('cache-control')).toBe('no-store');
    },
  );

  it('is refused a code where its client has not the grant', async () => {
    const client = await newClient({ grants: ['refresh_token'] });

    const refused = await sendForm(owner, '/oauth/device_authorization', { client_id: client });

    expect([refused.status, refused.body.error]).toEqual([400, 'unauthorized_client']);
  });

  it('is told where its proof at the token endpoint is not good, and may ask again', async () => {
    const asked = await codesFor(clientId);
    await approved(person, asked.user_code);
    const form = { client_id: clientId, grant_type: deviceGrant, device_code: asked.device_code };

    const refused = await sendForm(owner, '/oauth/token', form, { dpop: 'nonsense' });
    const given = await sendForm(owner, '/oauth/token', form);

    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_dpop_proof']);
    expect([given.status, given.body.token_type]).toEqual([200, 'Bearer']);
  });
});
