import { describe, expect, it } from '@jest/globals';
import { auditEntrySchema, KeyportError } from '@keyport/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignJWT } from 'jose';
import { auditEntryOf } from './audit-entry.ts';
import { noteRefusal } from './refusals.ts';

const secrets = { query: 'secret-in-query', body: 'secret-in-body', header: 'secret-in-header' };

const newRequest = (parts: Record<string, unknown> = {}) =>
  ({
    id: 'request-1',
    method: 'POST',
    url: `/v1/datasets/orders/imports?mode=${secrets.query}`,
    params: { name: 'orders' },
    routeOptions: { url: '/v1/datasets/:name/imports' },
    headers: { authorization: `Bearer ${secrets.header}`, cookie: secrets.header, 'user-agent': 'curl/8' },
    body: { password: secrets.body },
    ip: '192.0.2.1',
    ...parts,
  }) as unknown as FastifyRequest;

const ada = { issuer: 'https://keyport.example', subject: 'ada', tokenId: 't1', keyId: 'k1' };
const entryOf = (request: FastifyRequest, statusCode: number, payload: unknown = '{}') =>
  auditEntryOf({ id: 'imports.create', kind: 'change' }, request, { statusCode } as FastifyReply, payload);

describe('An entry of the audit', () => {
  it('says who did what, where and from where, and is what the contract says', () => {
    const entry = entryOf(newRequest({ user: ada }), 202);

    expect(auditEntrySchema.parse(entry)).toEqual(entry);
    expect(entry).toMatchObject({
      requestId: 'request-1',
      action: 'imports.create',
      path: '/v1/datasets/orders/imports',
      dataset: 'orders',
      ...{ status: 202, code: null },
      ...{ issuer: ada.issuer, subject: 'ada', key: 'k1', tokenId: 't1', client: null },
      ...{ address: '192.0.2.1', userAgent: 'curl/8' },
    });
  });

  it('holds no query, no body, no header but the user agent', () => {
    const text = JSON.stringify(entryOf(newRequest(), 401, `{"token":"${secrets.body}"}`));

    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
  });

  it.each([
    ['/v1/keys/eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_bmF0dXJl', '/v1/keys/***'],
    ['/v1/keys/eyJhbGciOiJFUzI1NiJ9%2EeyJzdWIiOiJhIn0%2ec2ln/rotate', '/v1/keys/***/rotate'],
    ['/v1/keys/kpr_0123456789-abcdef_', '/v1/keys/***'],
    ['/v1/datasets/orders/records/eyJ.a', '/v1/datasets/orders/records/eyJ.a'],
  ])('holds no token that stands where an id belongs: %s', (url, path) => {
    expect(entryOf(newRequest({ url }), 404).path).toBe(path);
  });

  it('names the code of a refusal, and the account that a refused login was tried on', () => {
    const request = newRequest();
    noteRefusal(request, new KeyportError('LOGIN_FAILED', { account: 'user-1' }));

    expect(entryOf(request, 401)).toMatchObject({ code: 'LOGIN_FAILED', subject: null, account: 'user-1' });
  });

  const client = `client-${'0'.repeat(24)}`;

  it.each([
    ['a client that a token was given to', { clientId: client }, client],
    ['no client where the person signed in alone', { clientId: 'keyport' }, null],
    ['no client where who signs for themselves names one', { clientId: client, publicKeyId: 'pk-1' }, null],
  ])('names %s', (_what, parts, named) => {
    expect(entryOf(newRequest({ user: { ...ada, ...parts } }), 202).client).toBe(named);
  });

  it.each([
    ['accessToken', {}, { key: null, client: null }],
    ['accessToken', { client_id: 'keyport' }, { key: null, client: null }],
    ['access_token', { client_id: client }, { key: null, client }],
    ['access_token', { client_id: client, key: 'k1' }, { key: 'k1', client }],
  ])('says who signed in, by the %s that the answer brings, with %j', async (member, more, said) => {
    const token = await new SignJWT({ iss: ada.issuer, sub: 'ada', jti: 't2', ...more })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new Uint8Array(32));

    const entry = entryOf(newRequest(), 200, JSON.stringify({ [member]: token }));

    expect(entry).toMatchObject({ issuer: ada.issuer, subject: 'ada', tokenId: 't2', ...said });
    expect(JSON.stringify(entry)).not.toContain(token);
  });

  it('names no dataset where the path names none, or none that can be', () => {
    const wrongName = newRequest({ params: { name: 'x'.repeat(5000) } });
    const noDataset = newRequest({ routeOptions: { url: '/v1/clients/:name' }, params: { name: 'orders' } });

    expect([entryOf(wrongName, 422).dataset, entryOf(noDataset, 201).dataset]).toEqual([null, null]);
  });

  it('has an id that grows with time', () => {
    const ids = Array.from({ length: 3 }, () => entryOf(newRequest(), 200).id.slice(0, 12));

    expect(ids.toSorted()).toEqual(ids);
    expect(parseInt(ids[0] ?? '', 16)).toBeGreaterThan(Date.parse('2024-01-01'));
  });
});
