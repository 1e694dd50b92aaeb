import { generateKeyPairSync } from 'node:crypto';
import { changeKey, createKey, createPublicKey, getKey, listKeys } from '@keyport/contracts';
import { whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';

const most = { requestsPerSecond: 50, burst: 100, importsPerDay: 3, importBytesPerDay: 1000, concurrentImports: 4 };
const raised = {
  requestsPerSecond: 900,
  burst: 2000,
  importsPerDay: 40,
  importBytesPerDay: 50_000,
  concurrentImports: 40,
};

let system: AuthSystem;
let gateway: GatewayDouble;
let team: Team;
let member: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve({
    KEYPORT_REQUESTS_PER_SECOND: '50',
    KEYPORT_REQUESTS_BURST: '100',
    KEYPORT_IMPORTS_PER_DAY: '3',
    KEYPORT_IMPORT_BYTES_PER_DAY: '1000',
    KEYPORT_CONCURRENT_IMPORTS: '4',
  });
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  member = await team.member(['keys:*', 'public-keys:*']);
});

afterAll(() => system.stop());

const keyRequest = (limits: object) => ({ name: 'k', scopes: ['keys:*'], limits });
const publicKeyRequest = (limits: object) => {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  return { ...keyRequest(limits), jwk, scopes: ['keys:read'] };
};
const pathsOf = (limits: object) =>
  Object.keys(limits).map((name) => expect.objectContaining({ path: `limits.${name}` }));
const refused = (limits: object) => ({ code: 'VALIDATION_FAILED', errors: pathsOf(limits) });

describe('usage limits', () => {
  it('are given by anybody up to the defaults of the deployment', async () => {
    const { key } = await gateway.ask(createKey, keyRequest(most), member);
    const publicKey = await gateway.ask(createPublicKey, publicKeyRequest(most), member);
    const changed = await gateway.ask(changeKey, { keyId: key.id, limits: { burst: 7 } }, member);

    expect(key.limits).toEqual(most);
    expect(publicKey.limits).toEqual(most);
    expect(changed.limits).toEqual({ burst: 7 });
  });

  it('beyond are refused to who may not change users, and nothing is half done', async () => {
    const stranger = await team.member(['keys:*', 'public-keys:*']);
    const { key } = await gateway.ask(createKey, keyRequest(most), stranger);

    const refusals = [
      await gateway.refusal(createKey, keyRequest(raised), stranger),
      await gateway.refusal(createPublicKey, publicKeyRequest(raised), stranger),
      await gateway.refusal(changeKey, { keyId: key.id, name: 'other', limits: raised }, stranger),
    ];

    for (const refusal of refusals) expect(refusal).toMatchObject(refused(raised));
    expect((await gateway.ask(listKeys, {}, stranger)).items).toEqual([key]);
  });

  it('beyond are given by owners and admins, to themselves and to others', async () => {
    const { key } = await gateway.ask(createKey, keyRequest({}), member);

    for (const who of [team.owner, await team.admin()]) {
      expect((await gateway.ask(createKey, keyRequest(raised), who)).key.limits).toEqual(raised);
      expect((await gateway.ask(createPublicKey, publicKeyRequest(raised), who)).limits).toEqual(raised);
      expect((await gateway.ask(changeKey, { keyId: key.id, limits: raised }, who)).limits).toEqual(raised);
    }
  });

  it('beyond are not given through a key of an owner that may not change users', async () => {
    const through = whoHas((await gateway.ask(createKey, keyRequest({}), team.owner)).token);

    expect(await gateway.refusal(createKey, keyRequest(raised), through)).toMatchObject(refused(raised));
  });

  it('that were raised are not handed on by the key that has them', async () => {
    const { token, key } = await gateway.ask(createKey, keyRequest({}), member);
    await gateway.ask(changeKey, { keyId: key.id, limits: raised }, team.owner);

    const child = await gateway.ask(createKey, keyRequest({}), whoHas(token));

    expect(child.key.limits).toEqual(most);
    expect((await gateway.ask(getKey, { keyId: key.id }, member)).limits).toEqual(raised);
  });

  it('of a key that others may not see are refused as if there were none', async () => {
    const { key } = await gateway.ask(createKey, keyRequest({}), team.owner);

    expect(await gateway.refusal(changeKey, { keyId: key.id, limits: raised }, member)).toMatchObject({
      code: 'KEY_NOT_FOUND',
    });
  });
});
