import { RightsView } from '@keyport/access';
import { changeKey, createKey, getKey, reportUse, revokeKey, type AuthorizationDetail } from '@keyport/contracts';
import { codeOf, eventually, quickest, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';

let system: AuthSystem;
let gateway: GatewayDouble;
let team: Team;
let rights: RightsView;
let owner: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  owner = team.owner;
  rights = new RightsView(await system.servers.connectionOf('gateway'));
  rights.start();
  await eventually(() => rights.isReady, Boolean);
});

afterAll(async () => {
  rights.stop();
  await system.stop();
});

const mint = (who: Who, scopes: string[], request: object = {}) =>
  gateway.ask(createKey, { name: 'k', scopes, ...request }, who);
const change = (who: Who, keyId: string, request: object) => gateway.ask(changeKey, { keyId, ...request }, who);
const refusal = (who: Who, keyId: string, request: object) => gateway.refusal(changeKey, { keyId, ...request }, who);

describe('the ceiling of a key', () => {
  it('is seen by whoever follows the bus within a second, and gone from it once it is raised again', async () => {
    const tried = async () => {
      const { key } = await mint(owner, ['records:read:*', 'records:create:*']);
      expect(rights.key(key.id)).toBeUndefined();
      const lowered = await change(owner, key.id, { scopes: ['records:read:orders'] });
      const answered = Date.now();
      await eventually(
        () => rights.key(key.id),
        (entry) => entry !== undefined,
      );
      const ms = Date.now() - answered;
      const raised = await change(owner, key.id, { scopes: ['records:create:*', 'records:read:*'] });
      expect(lowered.scopes).toEqual(['records:read:orders']);
      expect(raised.scopes).toEqual(['records:create:*', 'records:read:*']);
      await eventually(
        () => rights.key(key.id),
        (entry) => entry === undefined,
      );
      expect(await gateway.ask(getKey, { keyId: key.id }, owner)).toEqual(raised);
      return ms;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('takes rights from the token at once', async () => {
    const { token, key } = await mint(owner, ['keys:*']);
    const holder = whoHas(token);
    expect(await gateway.ask(getKey, { keyId: key.id }, holder)).toMatchObject({ id: key.id });

    await change(owner, key.id, { scopes: ['keys:create'] });

    const error = await eventually(
      () => gateway.refusal(getKey, { keyId: key.id }, holder),
      (refused) => refused !== undefined,
    );
    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'keys:read' } });
  });

  it('can be nothing', async () => {
    const { key } = await mint(owner, ['keys:*']);

    await change(owner, key.id, { scopes: [] });

    const entry = await eventually(
      () => rights.key(key.id),
      (shown) => shown !== undefined,
    );
    expect(entry).toEqual({ kind: 'key', scopes: [], limits: {} });
  });

  it('does not rise above what the token says', async () => {
    const { key } = await mint(owner, ['records:read:orders']);

    expect(await refusal(owner, key.id, { scopes: ['records:read:*'] })).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:*' },
    });
  });

  it('is not raised by one who may do less, through another key of the same person', async () => {
    const { key } = await mint(owner, ['records:read:orders', 'records:delete:orders']);
    await change(owner, key.id, { scopes: [] });
    const reader = whoHas((await mint(owner, ['keys:update', 'records:read:*'])).token);

    const error = await refusal(reader, key.id, { scopes: ['records:read:orders', 'records:delete:orders'] });
    const raised = await change(reader, key.id, { scopes: ['records:read:orders'] });

    expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope: 'records:delete:orders' } });
    expect(raised.scopes).toEqual(['records:read:orders']);
  });

  it('is not raised through a key that reaches fewer rows', async () => {
    const detail: AuthorizationDetail = {
      type: 'keyport_dataset',
      datasets: ['*'],
      actions: ['records:*'],
      filter: { region: 'eu' },
    };
    const { key } = await mint(owner, ['records:read:orders']);
    await change(owner, key.id, { scopes: [] });
    const narrow = { authorizationDetails: [detail] };
    const european = whoHas((await mint(owner, ['keys:update', 'records:read:*'], narrow)).token);

    expect(await refusal(european, key.id, { scopes: ['records:read:orders'] })).toMatchObject({
      code: 'SCOPE_NOT_HELD',
    });
  });

  it('is lowered by one who could not raise it', async () => {
    const { key } = await mint(owner, ['records:read:orders', 'records:delete:orders']);
    const clerk = whoHas((await mint(owner, ['keys:update'])).token);

    expect(await change(clerk, key.id, { scopes: ['records:read:orders'] })).toMatchObject({
      scopes: ['records:read:orders'],
    });
  });

  it('loses none of several at once that concern different parts of it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { key } = await gateway.ask(createKey, { name: 'before', scopes: ['keys:read', 'users:read'] }, owner);
      const limits = { requestsPerSecond: 1 };
      const parts = [{ name: 'after' }, { limits }, { scopes: ['keys:read'] }];

      await Promise.all(parts.map((part) => change(owner, key.id, part)));

      expect(await gateway.ask(getKey, { keyId: key.id }, owner)).toMatchObject({
        ...{ name: 'after', limits, scopes: ['keys:read'] },
      });
    }
  });

  it('is what the last of several at once said', async () => {
    const scopes = ['records:read:a', 'records:read:b', 'records:read:c', 'records:read:d'];
    const { key } = await mint(owner, scopes);

    await Promise.all(scopes.map((scope) => change(owner, key.id, { scopes: [scope] }).catch(() => undefined)));

    const stored = await gateway.ask(getKey, { keyId: key.id }, owner);
    await eventually(
      () => rights.key(key.id)?.scopes,
      (shown) => shown?.join() === stored.scopes.join(),
    );
  });
});

describe('the name and the limits of a key', () => {
  it('change without the ceiling, and the limits as a whole', async () => {
    const { key } = await mint(owner, ['keys:read'], { limits: { burst: 5, importsPerDay: 1 } });
    await eventually(
      () => rights.key(key.id)?.limits.burst,
      (burst) => burst === 5,
    );

    const changed = await change(owner, key.id, { name: ' other ', limits: { requestsPerSecond: 7 } });

    expect(changed).toMatchObject({ name: 'other', scopes: ['keys:read'], limits: { requestsPerSecond: 7 } });
    expect(changed.limits).not.toHaveProperty('burst');
    await eventually(
      () => rights.key(key.id)?.limits,
      (limits) => limits?.requestsPerSecond === 7,
    );
    await change(owner, key.id, { limits: {} });
    await eventually(
      () => rights.key(key.id),
      (entry) => entry === undefined,
    );
  });

  it('are not raised by the key itself', async () => {
    const { token, key } = await mint(owner, ['keys:*'], { limits: { requestsPerSecond: 7 } });

    const changed = await change(whoHas(token), key.id, { limits: { requestsPerSecond: 7_000 } });

    expect(changed.limits).toEqual({ requestsPerSecond: 7 });
  });
});

describe('changing a key', () => {
  it.each([
    ['nothing that exists', { colour: 'red' }],
    ['an empty name', { name: ' ' }],
    ['what is no scope', { scopes: ['records:read'] }],
    ['a limit of nothing', { limits: { requestsPerSecond: 0 } }],
    ['a limit that does not exist', { limits: { exportsPerDay: 1 } }],
  ])('refuses %s', async (_name, request) => {
    const { key } = await mint(owner, ['keys:read']);

    expect(await refusal(owner, key.id, request)).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await gateway.ask(getKey, { keyId: key.id }, owner)).toEqual(key);
  });

  it('needs the right to', async () => {
    const { key } = await mint(owner, ['keys:read']);

    expect(await refusal({ ...owner, scope: 'keys:read' }, key.id, { name: 'x' })).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope: 'keys:update' },
    });
  });

  it('of another person is as if there were none, except for an admin', async () => {
    const [alice, bob, admin] = [await team.member(['keys:*']), await team.member(['*']), await team.admin()];
    const { key } = await mint(alice, ['keys:read']);
    const owners = await mint(owner, ['keys:read']);

    expect(await refusal(bob, key.id, { name: 'x' })).toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await refusal(admin, owners.key.id, { name: 'x' })).toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await change(admin, key.id, { name: 'x' })).toMatchObject({ name: 'x', owner: alice.sub });
  });

  it('that is revoked is refused', async () => {
    const { key } = await mint(owner, ['keys:read']);
    await gateway.ask(revokeKey, { keyId: key.id }, owner);

    expect(await refusal(owner, key.id, { name: 'x' })).toMatchObject({
      code: 'KEY_ENDED',
      params: { keyId: key.id },
    });
  });
});

describe('the last use of a key', () => {
  const lastUsedAt = async (keyId: string) => (await gateway.ask(getKey, { keyId }, owner)).lastUsedAt;

  it('is the latest that any gateway told', async () => {
    const [one, other] = [(await mint(owner, ['keys:read'])).key.id, (await mint(owner, ['keys:read'])).key.id];
    const [earlier, later] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];

    await gateway.ask(reportUse, {
      keys: [
        { keyId: one, lastUsedAt: later },
        { keyId: other, lastUsedAt: earlier },
      ],
    });
    await gateway.ask(reportUse, {
      keys: [
        { keyId: one, lastUsedAt: earlier },
        { keyId: 'gone', lastUsedAt: later },
      ],
    });

    expect(await lastUsedAt(one)).toBe(later);
    expect(await lastUsedAt(other)).toBe(earlier);
  });

  it('does not lie in the future, by whatever clock it was told', async () => {
    const { key } = await mint(owner, ['keys:read']);

    await gateway.ask(reportUse, { keys: [{ keyId: key.id, lastUsedAt: '2999-01-01T00:00:00.000Z' }] });

    expect(Date.parse((await lastUsedAt(key.id)) ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('is told by gateways only', async () => {
    const importer = await system.servers.requesterOf('import');

    expect(await codeOf(importer.request(reportUse, { keys: [] }, { timeoutMs: 500 }))).toMatch(/^SERVICE_/);
  });
});
