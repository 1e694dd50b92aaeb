import {
  changePassword,
  createClient,
  deleteClient,
  getClient,
  introspectTokenAsClient,
  oauthToken,
  refreshSession,
  revokeToken,
  type ClientAuthentication,
  type RequestInput,
} from '@keyport/contracts';
import { codeOf, type GatewayDouble } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { Types } from 'mongoose';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { Account, People } from '../harness/people.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';
import { RefreshTokensRepository } from '../sessions/refresh-tokens.repository.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';

const address = '192.0.2.1';
const thumbprint = 'k'.repeat(43);

let system: AuthSystem;
let gateway: GatewayDouble;
let people: People;
let app: INestMicroservice;

beforeAll(async () => {
  ({ system, gateway, people, app } = await startTwoProcesses());
});

afterAll(() => system.stop());

interface Program {
  readonly id: string;
  readonly proof: ClientAuthentication;
}

async function program(wanted: Partial<RequestInput<typeof createClient>> = {}): Promise<Program> {
  const request = { name: 'p', grants: ['client_credentials', 'refresh_token'], scopes: ['keys:read'], ...wanted };
  const { client, secret } = await gateway.ask(createClient, request, people.owner);
  const proof: ClientAuthentication =
    secret === null
      ? { method: 'none', clientId: client.id }
      : { method: 'client_secret_post', clientId: client.id, secret };
  return { id: client.id, proof };
}

/** A sign-in of the account for a client, as a device makes one; gives its refresh token. */
async function signInFor(
  account: Pick<Account, 'id'>,
  { id }: Program,
  more: { readonly scopes?: readonly string[]; readonly dpopJkt?: string } = {},
): Promise<string> {
  const now = Date.now();
  const session = {
    ...{ _id: new Types.ObjectId().toHexString(), userId: account.id, clientId: id, scopes: ['keys:read'] },
    ...{ createdAt: new Date(now), expiresAt: new Date(now + 3_600_000) },
    ...{ endedAt: null, endedBy: null, endReason: null, settled: false },
    ...more,
  };
  await app.get(SessionsRepository).insert(session);
  return app.get(RefreshTokensRepository).issue(session);
}

const refresh = (
  proof: ClientAuthentication,
  refreshToken: string,
  more: { scope?: string; dpopJkt?: string } = {},
) => {
  const { scope, dpopJkt } = more;
  const grant = { grant_type: 'refresh_token' as const, refresh_token: refreshToken, scope };
  return gateway.ask(oauthToken, { grant, client: proof, address, ...(dpopJkt && { dpopJkt }) });
};
const nobody: ClientAuthentication = { method: 'none' };

describe('a sign-in for a client', () => {
  it('gives tokens of the user, for the client, with what was asked for and no more', async () => {
    const account = await people.account({ scopes: ['keys:*', 'records:read:*'] });
    const device = await program({ authentication: 'none', grants: ['refresh_token'], scopes: ['*'] });
    const refreshToken = await signInFor(account, device);

    const granted = await refresh(device.proof, refreshToken);

    expect(granted).toMatchObject({ token_type: 'Bearer', scope: 'keys:read', expires_in: 600 });
    expect(decodeJwt(granted.access_token)).toMatchObject({
      ...{ sub: account.id, client_id: device.id, scope: 'keys:read' },
      sid: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    expect(granted.refresh_token).toMatch(/^kpr_/);
  });

  it('is good for its client alone, and is not ended by what another tries', async () => {
    const account = await people.account({ scopes: ['keys:*'] });
    const [mine, other] = [await program(), await program()];
    const refreshToken = await signInFor(account, mine);

    expect(await codeOf(refresh(other.proof, refreshToken))).toBe('REFRESH_INVALID');
    expect(await codeOf(refresh(nobody, refreshToken))).toBe('REFRESH_INVALID');
    expect(await codeOf(gateway.ask(refreshSession, { refreshToken }))).toBe('REFRESH_INVALID');
    expect(await codeOf(gateway.ask(revokeToken, { token: refreshToken, client: other.proof, address }))).toBe(
      'OAUTH_GRANT_INVALID',
    );

    expect((await refresh(mine.proof, refreshToken)).scope).toBe('keys:read');
  });

  it('ends where its refresh token is used twice', async () => {
    const account = await people.account({ scopes: ['keys:*'] });
    const mine = await program();
    const first = await signInFor(account, mine);
    const second = await refresh(mine.proof, first);

    expect(await codeOf(refresh(mine.proof, first))).toBe('REFRESH_REUSED');

    expect(await codeOf(refresh(mine.proof, second.refresh_token ?? ''))).toBe('REFRESH_INVALID');
  });

  it('is bound to the key that it was made with', async () => {
    const account = await people.account({ scopes: ['keys:*'] });
    const device = await program({ authentication: 'none', grants: ['refresh_token'] });
    const refreshToken = await signInFor(account, device, { dpopJkt: thumbprint });

    expect(await codeOf(refresh(device.proof, refreshToken))).toBe('REFRESH_INVALID');
    expect(await codeOf(refresh(device.proof, refreshToken, { dpopJkt: 'x'.repeat(43) }))).toBe('REFRESH_INVALID');
    const granted = await refresh(device.proof, refreshToken, { dpopJkt: thumbprint });

    expect(granted.token_type).toBe('DPoP');
    expect(decodeJwt(granted.access_token)['cnf']).toEqual({ jkt: thumbprint });
  });

  it('gives less where less is asked for, and never what was not asked for in the beginning', async () => {
    const account = await people.account({ scopes: ['keys:*', 'records:read:*'] });
    const mine = await program({ scopes: ['*'] });
    const refreshToken = await signInFor(account, mine, { scopes: ['keys:*'] });

    expect(await codeOf(refresh(mine.proof, refreshToken, { scope: 'records:read:orders' }))).toBe(
      'OAUTH_SCOPE_INVALID',
    );
    const less = await refresh(mine.proof, refreshToken, { scope: 'keys:read' });
    const all = await refresh(mine.proof, less.refresh_token ?? '');

    expect([less.scope, all.scope]).toEqual(['keys:read', 'keys:*']);
  });

  it('ends with a new password of its user', async () => {
    const { session, who, id, password } = await people.signedIn({ scopes: ['keys:*'] });
    const mine = await program();
    const refreshToken = await signInFor({ id }, mine);

    const change = { currentPassword: password, newPassword: 'another long password', address };
    await gateway.ask(changePassword, change, who);

    expect(await codeOf(refresh(mine.proof, refreshToken))).toBe('REFRESH_INVALID');
    expect(await codeOf(gateway.ask(refreshSession, { refreshToken: session.refreshToken }))).toBe('none');
  });

  it('is inactive once its client is gone', async () => {
    const account = await people.account({ scopes: ['keys:*'] });
    const [mine, observer] = [await program(), await program({ scopes: ['tokens:introspect'] })];
    const token = await signInFor(account, mine);
    const state = () => gateway.ask(introspectTokenAsClient, { token, client: observer.proof, address });

    const before = await state();
    await gateway.ask(deleteClient, { clientId: mine.id }, people.owner);

    expect(before).toMatchObject({ active: true, client_id: mine.id, sub: account.id, scope: 'keys:read' });
    expect(await state()).toEqual({ active: false });
  });
});

describe('what is kept of a client', () => {
  it('is neither its secret nor a part of it', async () => {
    const { proof } = await program();
    const { secret } = proof as { secret: string };

    const stored = await system.database.collection('clients').find().toArray();

    expect(stored.length).toBeGreaterThan(0);
    expect(JSON.stringify(stored)).not.toContain(secret.slice('kps_'.length, 20));
    expect(stored.every(({ secretHash }) => secretHash !== undefined)).toBe(true);
  });

  it('is nothing of a secret for a client with keys', async () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const { client, secret } = await gateway.ask(
      createClient,
      { name: 'signs', grants: ['client_credentials'], scopes: [], jwks: { keys: [{ ...jwk, kid: 'a' }] } },
      people.owner,
    );

    expect(secret).toBeNull();
    expect(client).toMatchObject({ authentication: 'private_key_jwt', jwks: { keys: [{ ...jwk, kid: 'a' }] } });
    expect(await gateway.ask(getClient, { clientId: client.id }, people.owner)).toEqual(client);
  });
});
