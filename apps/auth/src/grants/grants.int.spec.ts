import { CallerVerifier, maxGrantLifetimeSeconds } from '@keyport/access';
import {
  changeKey,
  createGrant,
  createKey,
  login,
  revokeKey,
  signFileLink,
  type KeyportError,
  type RequestInput,
} from '@keyport/contracts';
import type { Requester } from '@keyport/messaging';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';
import { standForRecords } from '../harness/records-double.ts';

const jobId = '00000000000000aa';

let system: AuthSystem;
let gateway: GatewayDouble;
let owner: Who;
/** Stands where the import service stands, which asks in the name of who started a job. */
let importer: Requester;
/** And where the export service stands. */
let exporter: Requester;
/** Stands where the records service stands, which checks the grant of a job on every chunk. */
let records: { verifier: CallerVerifier; views: { stop(): void }[] };

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  gateway = await system.gateway();
  const { email, password } = await system.ownerFile();
  owner = whoHas((await gateway.ask(login, { email, password, address: '127.0.0.1' })).accessToken);
  importer = await system.servers.requesterOf('import');
  exporter = await system.servers.requesterOf('export');
  records = await standForRecords(system);
});

afterAll(async () => {
  for (const view of records.views) view.stop();
  await system.stop();
});

type GrantRequest = RequestInput<typeof createGrant>;

const askForGrant = (
  authority: string,
  { jobId: id = jobId, dataset = 'orders', actions = [] }: Partial<GrantRequest>,
) => importer.request(createGrant, { jobId: id, dataset, actions }, { authority });

const grantFor = async (who: Who, actions: string[]) =>
  (await askForGrant(await gateway.contextFor(who), { actions })).grant;

const refusal = async (who: Who, request: Partial<GrantRequest>) =>
  askForGrant(await gateway.contextFor(who), request).then(
    () => undefined,
    (error: KeyportError) => error,
  );

async function keyWith(scopes: string[], through: Who = owner) {
  const { token, key } = await gateway.ask(createKey, { name: 'k', scopes }, through);
  return { keyId: key.id, who: whoHas(token) };
}

describe('a grant', () => {
  it('holds the rights asked for, on that dataset, and no more', async () => {
    const { who, keyId } = await keyWith(['records:*:ord*', 'imports:create:*']);

    const grant = await grantFor(who, ['records:create', 'records:update', 'records:create']);

    expect(decodeProtectedHeader(grant)).toMatchObject({ typ: 'keyport-grant+jwt', alg: 'ES256' });
    const claims = decodeJwt(grant);
    expect(claims).toMatchObject({
      iss: who.iss,
      sub: who.sub,
      aud: 'keyport-bus',
      jti: jobId,
      src: who.jti,
      key: keyId,
      scope: 'records:create:orders records:update:orders',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(maxGrantLifetimeSeconds);
  });

  it('is accepted by the other services as the authority of its job', async () => {
    const { who } = await keyWith(['records:read:orders']);

    const caller = await records.verifier.verify(await grantFor(who, ['records:read']));

    expect(caller.identity).toMatchObject({ jobId, tokenId: who.jti, subject: who.sub });
    expect(caller.may('records:read', 'orders')).toBe(true);
    expect(caller.may('records:read', 'orders-2')).toBe(false);
    expect(caller.may('records:update', 'orders')).toBe(false);
  });

  it('carries of row and field limits those that concern its dataset and actions', async () => {
    const { who } = await keyWith(['exports:create:*', 'records:*:*']);
    const eu = { filter: { region: 'eu' } };
    const limited: Who = {
      ...who,
      authorization_details: [
        { type: 'keyport_dataset', datasets: ['ord*', 'carts'], actions: ['exports:*', 'records:read'], ...eu },
        { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], fields: ['total'] },
        { type: 'keyport_dataset', datasets: ['carts'], actions: ['exports:create'] },
      ],
    };

    const grant = await grantFor(limited, ['exports:create']);

    expect(decodeJwt(grant)['authorization_details']).toEqual([
      { type: 'keyport_dataset', datasets: ['orders'], actions: ['exports:create'], ...eu },
    ]);
    const caller = await records.verifier.verify(grant);
    expect(caller.limitsOn('exports:create', 'orders')).toEqual([eu]);
  });

  it('is refused where no detail of the token gives one of its actions on that dataset', async () => {
    const { who } = await keyWith(['imports:create:orders', 'records:update:orders']);
    const limited: Who = {
      ...who,
      authorization_details: [{ type: 'keyport_dataset', datasets: ['orders'], actions: ['imports:create'] }],
    };

    const error = await refusal(limited, { actions: ['imports:create', 'records:update'] });

    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'records:update:orders' } });
  });

  it('freezes what the caller may do now, and is lost with a right that its key loses', async () => {
    const { who, keyId } = await keyWith(['records:read:orders', 'records:read:carts']);
    const grant = await grantFor(who, ['records:read']);
    await records.verifier.verify(grant);

    await gateway.ask(changeKey, { keyId, scopes: ['records:read:carts'] }, owner);

    await eventually(
      () => records.verifier.verify(grant).catch((error: KeyportError) => error.code),
      (outcome) => outcome === 'RIGHTS_LOST',
    );
    // Auth follows the bus by itself.
    await eventually(
      () => refusal(who, { actions: ['records:read'] }),
      (error) => error?.code === 'INSUFFICIENT_SCOPE',
    );
  });

  it('is refused where one of its actions is not held on that dataset', async () => {
    const who = { scope: 'records:create:orders records:update:other' };

    const error = await refusal(who, { actions: ['records:create', 'records:update'] });

    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'records:update:orders' } });
  });

  it.each(['records:*', '*', 'keys:create', 'records:read:orders', 'nothing:read', ''])(
    'cannot be asked for with the action %j, not even by an owner',
    async (action) => {
      const error = await refusal(owner, { actions: [action] });

      expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
    },
  );

  it.each(['Orders', 'orders*', '*', 'a b', ''])('cannot be asked for on the dataset %j', async (dataset) => {
    const error = await refusal(owner, { dataset, actions: ['records:read'] });

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('ends when the key is revoked that the job was started with, or one above it', async () => {
    const parent = await keyWith(['*']);
    const child = await keyWith(['records:read:orders'], parent.who);
    const grants = [await grantFor(parent.who, ['records:read']), await grantFor(child.who, ['records:read'])];
    for (const grant of grants) await records.verifier.verify(grant);

    await gateway.ask(revokeKey, { keyId: parent.keyId }, owner);

    for (const grant of grants) {
      await eventually(
        () => records.verifier.verify(grant).catch((error: KeyportError) => error.code),
        (outcome) => outcome === 'RIGHTS_LOST',
      );
    }
  });

  it('cannot be used to get another one', async () => {
    const grant = await grantFor(owner, ['records:read']);

    const work = askForGrant(grant, { jobId: '00000000000000bb', actions: ['records:read'] });

    await expect(work).rejects.toMatchObject({ code: 'CONTEXT_INVALID' });
  });
});

describe('a link to a file', () => {
  const exportId = '00000000000000ee';

  const sign = async (who: Who, expiresInSeconds = 900) =>
    exporter.request(
      signFileLink,
      { exportId, dataset: 'orders', expiresInSeconds },
      { authority: await gateway.contextFor(who) },
    );

  it('is a token of its own kind, for the file alone, that names the token it was made with', async () => {
    const { who, keyId } = await keyWith(['exports:*:ord*', 'records:read:orders']);

    const { token, expiresAt } = await sign(who);

    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'keyport-link+jwt', alg: 'ES256' });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      ...{ sub: who.sub, aud: `keyport-file:${exportId}`, src: who.jti, key: keyId },
      scope: 'exports:create:orders exports:read:orders',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);
    expect(Date.parse(expiresAt)).toBe((claims.exp ?? 0) * 1000);
  });

  it('holds the rows and fields of its token, and of its rights those alone that read files', async () => {
    const { who } = await keyWith(['*']);
    const eu = { datasets: ['ord*'], filter: { region: 'eu' }, fields: ['total'] };
    const limited: Who = {
      ...who,
      authorization_details: [{ type: 'keyport_dataset', actions: ['exports:read', 'records:read'], ...eu }],
    };

    const { token } = await sign(limited);

    expect(decodeJwt(token)).toMatchObject({
      scope: 'exports:read:orders',
      authorization_details: [{ type: 'keyport_dataset', actions: ['exports:read'], ...eu, datasets: ['orders'] }],
    });
  });

  it('does not outlive the key that asks for it', async () => {
    const { token } = await gateway.ask(
      createKey,
      { name: 'short', scopes: ['exports:read:orders'], expiresInSeconds: 60 },
      owner,
    );

    const { expiresAt } = await sign(whoHas(token), 3_600);

    expect(Date.parse(expiresAt)).toBeLessThanOrEqual((decodeJwt(token).exp ?? 0) * 1000);
  });

  it('is refused to who may not read files, to a job, and for longer than a day', async () => {
    const { who } = await keyWith(['exports:delete:orders', 'records:read:orders']);
    const reader = await keyWith(['exports:create:orders']);
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error: KeyportError) => error.code,
      );
    const grant = await grantFor(reader.who, ['exports:create']);
    const request = { exportId, dataset: 'orders', expiresInSeconds: 900 };

    expect(await code(sign(who))).toBe('INSUFFICIENT_SCOPE');
    expect(await code(exporter.request(signFileLink, request, { authority: grant }))).toBe('CONTEXT_INVALID');
    expect(await code(sign(reader.who, 24 * 3600 + 1))).toBe('VALIDATION_FAILED');
    expect(await code(sign(reader.who, 24 * 3600))).toBe('none');
  });

  it('is no grant: no service takes it for the authority of a request', async () => {
    const { who } = await keyWith(['exports:create:orders']);
    const { token } = await sign(who);

    await expect(records.verifier.verify(token)).rejects.toMatchObject({ code: 'CONTEXT_INVALID' });
  });
});
