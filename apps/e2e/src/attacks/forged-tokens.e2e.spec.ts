import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { malleated, partsOf, TestStack, type KeyportClient } from '@keyport/testing';
import { forgedTokens } from './all-attacks.ts';
import type { Problem, TokenAttack } from './attack.ts';
import { Workshop } from './workshop.ts';

interface Inspection {
  readonly active: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean | null }[];
}

/** Text that a header cannot carry is not shown there. */
const shownInHeader = forgedTokens.filter(({ inHeader }) => inHeader);

describe('A forged token', () => {
  let stack: TestStack;
  let workshop: Workshop;
  let gateways: readonly number[];

  beforeAll(async () => {
    stack = await TestStack.start();
    workshop = await Workshop.in(stack);
    gateways = (await stack.describe()).processes.gateway;
  });

  afterAll(async () => {
    await workshop?.listener.stop();
    await stack?.stop();
  });

  const table = (attacks: readonly TokenAttack[]) =>
    attacks.map((attack) => [attack.name, attack.check, attack] as const);
  /** A key may inspect some tokens a second; each of these looks at a few. */
  const perInspector = 10;
  let inspector: KeyportClient;
  let inspections = 0;

  async function inspect(token: string) {
    if (inspections % perInspector === 0) inspector = await workshop.owner.minted('keys:read');
    inspections += 1;
    return inspector.request<Inspection>('/v1/tokens/inspect', { method: 'POST', json: { token } });
  }

  /** Longer parts than this are secrets, not words that a problem may hold by chance. */
  const secretsIn = (token: string) => [token, ...partsOf(token)].filter((part) => part.length > 20);

  it('is wrong in its one point alone: the same without it is accepted', async () => {
    const token = workshop.token();

    const { status } = await workshop.ask(token);
    const { body } = await inspect(token);

    expect(status).toBe(200);
    expect(body).toMatchObject({ active: true });
  });

  it.each(table(shownInHeader))('%s: is refused by the check of its %s', async (_name, check, attack) => {
    const token = await attack.forge(workshop);

    const { status, headers, body } = await workshop.ask(token);

    expect([status, body]).toMatchObject([401, { code: 'TOKEN_INVALID', status: 401 }]);
    expect((body as Problem).detail).toContain(`the check "${check}"`);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="keyport", error="invalid_token"/);
    const said = JSON.stringify([body, ...headers]);
    expect(secretsIn(token).filter((secret) => said.includes(secret))).toEqual([]);
  });

  it.each(table(forgedTokens))('%s: is not active, says inspection, for its %s', async (_name, check, attack) => {
    const token = await attack.forge(workshop);

    const { status, body } = await inspect(token);

    expect([status, body]).toMatchObject([200, { active: false }]);
    expect(body.checks.find(({ ok }) => ok === false)?.name).toBe(check);
    const signature = partsOf(token)[2] ?? '';
    if (signature.length > 20) expect(JSON.stringify(body)).not.toContain(signature);
  });

  it('makes nobody fetch what it points to, and leaves the gateway up', async () => {
    const { status } = await workshop.ask(undefined, '/health/ready');

    expect(workshop.listener.connections).toBe(0);
    expect(status).toBe(200);
    expect((await stack.describe()).processes.gateway).toEqual(gateways);
  });

  it('the other text that verifies as well (r, n - s) ends with the token: revocations name no text', async () => {
    const key = await workshop.owner.minted('records:read:orders');
    const token = key.token ?? '';
    const twin = malleated(token);
    expect([(await workshop.ask(token)).status, (await workshop.ask(twin)).status]).toEqual([200, 200]);

    await workshop.owner.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });

    await workshop.refusalOf(token);
    const { status, body } = await workshop.ask(twin);
    expect(twin).not.toBe(token);
    expect([status, body]).toMatchObject([401, { code: 'TOKEN_REVOKED' }]);
  });
});
