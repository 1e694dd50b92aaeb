import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, outcomeOf, withinASecond, type KeyportClient, type Problem } from '@keyport/testing';
import { decodeJwt } from 'jose';
import { companyAudience, CompanyProvider } from './company-provider.ts';
import {
  change,
  company,
  goodOnEach,
  owner,
  put,
  read,
  refusedOnEach,
  register,
  registered,
  withCompany,
  type Claims,
} from './external-issuers-scene.ts';
import { exchanged, me, registerIssuer } from './issuing.ts';
import { sendForm } from './oauth-client.ts';

withCompany();

describe("A token of the company's provider, trusted as it is,", () => {
  beforeEach(() => register({ trust: 'direct' }));

  it('is good on every gateway, for what the mapping and the ceiling say, with its own issuer and subject', async () => {
    const client = owner.with(await company.accessToken({ groups: ['data-team', 'everything'] }));

    const who = await me(client);

    expect(who).toMatchObject({ subject: 'ci', issuer: company.issuer, kind: 'external' });
    expect([...who.scopes].sort()).toEqual(['imports:*:*', 'keys:read', 'records:read:*']);
    expect([await read(client, 'orders'), await put(client)]).toEqual([200, 403]);
    await goodOnEach(client.token ?? '');
  });

  it('imports, and others of its issuer do not see that', async () => {
    const client = owner.with(await company.accessToken());

    const done = await client.imported('orders', 'application/x-ndjson', '{"b":1}\n');

    const other = owner.with(await company.signed({ sub: 'another' }));
    expect(done).toMatchObject({ state: 'completed', counts: { inserted: 1 } });
    expect((await client.request(`/v1/imports/${done.id}`)).status).toBe(200);
    expect((await other.request(`/v1/imports/${done.id}`)).status).toBe(404);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is trusted no more', () => owner.ok(`/v1/issuers/${registered.id}`, { method: 'DELETE' })],
    ['may only exchange any more', () => change({ trust: 'exchange' })],
    ['has a lower ceiling', () => change({ ceiling: ['keys:read'] })],
    ['is revoked', () => owner.ok('/v1/revocations', { method: 'POST', json: { iss: company.issuer } })],
  ])('has its running import ended where the issuer %s', async (_what, lose) => {
    const client = owner.with(await company.accessToken());
    const rows = Buffer.from('{"some":"text to make it longer"}\n'.repeat(10_000));
    async function* endless() {
      for (let left = 4_096; left > 0; left -= 1) {
        await setImmediate();
        yield rows;
      }
    }
    const newest = async () =>
      (await owner.ok<{ items: { id: string; state: string; bytes: { received: number } }[] }>('/v1/imports?limit=1'))
        .items[0];
    const sending = client.import(
      'orders',
      'application/x-ndjson',
      ReadableStream.from(endless()) as ReadableStream<Uint8Array>,
    );
    // The newest that has not ended is this one.
    const running = await eventually(
      newest,
      (found) => ['receiving', 'processing'].includes(found?.state ?? '') && (found?.bytes.received ?? 0) > 0,
    );

    await lose();

    const { status } = await sending;
    expect([401, 403]).toContain(status);
    expect(await owner.importEnd(running?.id ?? '')).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
  });

  it.each<[string, string, Claims, Claims]>([
    ['for another audience', 'audience', { aud: 'https://other.example' }, {}],
    ['for this deployment, which is not what it is registered for', 'audience', { aud: 'DEPLOYMENT' }, {}],
    ['without an id', 'claims', { jti: undefined }, {}],
    ['that lives too long', 'time', { exp: Math.floor(Date.now() / 1000) + 3_600 }, {}],
    ['that has expired', 'time', { iat: 1, exp: 2 }, {}],
    ['of another type', 'type', {}, { typ: 'JWT' }],
    ['without a type', 'type', {}, { typ: undefined }],
    ['that names a key of nobody', 'key', {}, { kid: 'nobody' }],
  ])('is refused where it is one %s', async (_what, check, claims, header) => {
    const token = await company.signed({ ...claims, ...(claims.aud === 'DEPLOYMENT' && { aud: owner.url }) }, header);

    const { body } = await owner.with(token).request<Problem>('/v1/auth/me');
    const inspection = await owner.ok<{ active: boolean; checks: { name: string; ok: boolean | null }[] }>(
      '/v1/tokens/inspect',
      { method: 'POST', json: { token } },
    );

    expect(body).toMatchObject({ code: 'TOKEN_INVALID', detail: expect.stringContaining(`"${check}"`) });
    expect(inspection.checks.find(({ ok }) => ok === false)?.name).toBe(check);
  });

  it('is refused as a plain bearer where it is bound to a key', async () => {
    const token = await company.signed({ cnf: { jkt: 'x'.repeat(43) } });

    const { body } = await owner.with(token).request<Problem>('/v1/auth/me');

    expect(body).toMatchObject({ code: 'TOKEN_INVALID', detail: expect.stringContaining('"binding"') });
  });

  it.each<[string, (token: string) => object]>([
    ['its id', (token) => ({ iss: company.issuer, jti: decodeJwt(token).jti })],
    ['its principal', () => ({ iss: company.issuer, sub: 'ci' })],
    ['its issuer', () => ({ iss: company.issuer })],
    ['its key', () => ({ kid: 'first' })],
  ])('is revoked everywhere by %s', async (_what, revocation) => {
    const token = await company.accessToken();
    await goodOnEach(token);

    const { id } = await owner.ok<{ id: string }>('/v1/revocations', { method: 'POST', json: revocation(token) });

    await refusedOnEach(token);
    expect(outcomeOf(await owner.with(token).request<Problem>('/v1/auth/me'))).toEqual([401, 'TOKEN_REVOKED']);
    await owner.ok(`/v1/revocations/${id}`, { method: 'DELETE' });
  });

  it('is judged anew where the mapping changes, and refused where it may only be exchanged any more', async () => {
    const client = owner.with(await company.accessToken());
    await me(client);

    await change({ scopeMapping: [{ scopes: ['keys:read'] }] });
    const scopes = await withinASecond(
      async () => (await me(client)).scopes.join(),
      (now) => now === 'keys:read',
    );
    await change({ trust: 'exchange' });

    expect(scopes).toBe('keys:read');
    await refusedOnEach(client.token ?? '');
  });

  it('may have any id, which goes with it through the bus, and by which it is revoked', async () => {
    const ceiling = ['records:read:*', 'imports:*:*', 'exports:*:*'];
    await change({ ceiling, scopeMapping: [{ scopes: ceiling }] });
    // As some providers make them: neither a name of a bucket's entry nor a subject may hold this.
    const jti = `a.${randomBytes(24).toString('base64')}/+==.>*`;
    const token = await company.signed({ jti });
    const client = owner.with(token);
    await withinASecond(
      async () => (await me(client)).scopes.length,
      (count) => count === ceiling.length,
    );

    const { state, id } = await client.imported('orders', 'application/x-ndjson', '{"jti":1}\n');
    const { id: exportId } = await client.exported('orders');
    const link = await client.ok<{ url: string }>(`/v1/exports/${exportId}/link`, { method: 'POST', json: {} });
    const seen = [
      (await client.request(`/v1/imports/${id}`)).status,
      (await fetch(new URL(link.url, owner.url))).status,
    ];
    await owner.ok('/v1/revocations', { method: 'POST', json: { iss: company.issuer, jti } });

    expect([state, ...seen]).toEqual(['completed', 200, 200]);
    await refusedOnEach(token);
    await withinASecond(
      async () => (await fetch(new URL(link.url, owner.url))).status,
      (status) => status >= 400,
    );
  });

  it('is introspected as what it is, and inactive once it ended', async () => {
    const token = await company.accessToken();
    const introspect = async () =>
      (await sendForm(owner, '/oauth/introspect', { token }, { authorization: `Bearer ${owner.token}` })).body;

    expect(await introspect()).toMatchObject({ active: true, iss: company.issuer, sub: 'ci', aud: companyAudience });
    await owner.ok('/v1/auth/logout', { method: 'POST', json: {}, headers: { authorization: `Bearer ${token}` } });
    await withinASecond(introspect, ({ active }) => active === false);
  });
});

describe('Two issuers', () => {
  it('that have the same subject have two principals', async () => {
    await register({ trust: 'direct' });
    const branch = await CompanyProvider.start();
    const other = await registerIssuer(owner, branch, { trust: 'direct' });
    const [one, two] = [await company.accessToken(), await branch.accessToken()];
    const byDirect = [owner.with(one), owner.with(two)];
    const byExchange = [await exchanged(owner, one), await exchanged(owner, two)];

    for (const [mine, theirs] of [byDirect, byExchange] as [KeyportClient, KeyportClient][]) {
      const { id } = await mine.imported('orders', 'application/x-ndjson', '{"c":1}\n');

      expect((await mine.request(`/v1/imports/${id}`)).status).toBe(200);
      expect((await theirs.request(`/v1/imports/${id}`)).status).toBe(404);
    }
    await owner.ok('/v1/revocations', { method: 'POST', json: { iss: company.issuer, sub: 'ci' } });
    await refusedOnEach(one);
    await goodOnEach(two);
    await owner.ok(`/v1/issuers/${other.id}`, { method: 'DELETE' });
    await branch.down();
  });
});
