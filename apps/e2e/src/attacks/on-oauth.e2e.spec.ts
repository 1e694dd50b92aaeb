import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack } from '@keyport/testing';
import { basicOf, registerClient, sendForm } from '../oauth-client.ts';
import { onOAuth } from './all-attacks.ts';
import { Workshop } from './workshop.ts';

describe('At the OAuth endpoints,', () => {
  let stack: TestStack;
  let workshop: Workshop;

  beforeAll(async () => {
    stack = await TestStack.start();
    workshop = await Workshop.in(stack);
  });

  afterAll(async () => {
    await workshop?.listener.stop();
    await stack?.stop();
  });

  describe.each(Object.entries(onOAuth))('%s:', (_group, attacks) => {
    it.each(attacks.map((attack) => [attack.name, attack.refusal, attack] as const))(
      '%s: is refused with %s',
      async (_name, _refusal, { status, error, act }) => {
        const reply = await act(workshop);

        expect([reply.status, reply.body]).toMatchObject([status, { error }]);
        expect(reply.headers.get('content-type')).toContain('application/json');
        expect(reply.headers.get('cache-control')).toBe('no-store');
        if (error === 'invalid_client') expect(reply.headers.get('www-authenticate')).toMatch(/^Basic realm="keyport"/);
        if (status === 429) expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        // Neither a token nor a secret stands in a refusal, nor which of several things was wrong with a client.
        expect(JSON.stringify([reply.body, ...reply.headers])).not.toMatch(
          /eyJ[\w-]{20}|kp[rs]_[\w-]{8}|client-[0-9a-f]{24}/,
        );
      },
    );
  });

  it('three refusals of a client read alike, whether it exists or not', async () => {
    const { client } = await registerClient(workshop.owner);
    const attempt = async (id: string) => {
      const { status, headers, body } = await sendForm(
        workshop.owner,
        '/oauth/token',
        { grant_type: 'client_credentials' },
        basicOf(id, 'kps_wrong'),
      );
      return { status, body, names: [...headers.keys()].sort() };
    };

    const wrongSecret = await attempt(client.id);

    expect(await attempt(`client-${'0'.repeat(24)}`)).toEqual(wrongSecret);
    expect(await attempt('nobody')).toEqual(wrongSecret);
  });

  it("a client that may not look at all tokens sees another's as one that does not exist", async () => {
    const { client, secret } = await registerClient(workshop.owner);
    const lookAt = (token: string) =>
      sendForm(workshop.owner, '/oauth/introspect', { token }, basicOf(client.id, secret));

    const seen = await lookAt(workshop.token());

    expect([seen.status, seen.body]).toEqual([200, { active: false }]);
    expect((await lookAt('nonsense')).body).toEqual(seen.body);
  });

  it('a refusal leaves nothing half done: the refresh token that another client tried is still good', async () => {
    const { client, secret } = await registerClient(workshop.owner, { grants: ['refresh_token'] });
    const { refreshToken } = await workshop.member('keys:read');
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const tries = [
      () => sendForm(workshop.owner, '/oauth/token', form, basicOf(client.id, secret)),
      () => sendForm(workshop.owner, '/oauth/token', { ...form, scope: '*' }),
      () => sendForm(workshop.owner, '/oauth/token', form, basicOf(client.id, 'kps_wrong')),
      () => sendForm(workshop.owner, '/oauth/revoke', { token: refreshToken }, basicOf(client.id, secret)),
    ];

    for (const attempt of tries) expect((await attempt()).status).toBeGreaterThanOrEqual(400);

    expect((await sendForm(workshop.owner, '/oauth/token', form)).status).toBe(200);
  });
});
