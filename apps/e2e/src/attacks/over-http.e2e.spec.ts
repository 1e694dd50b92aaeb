import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack } from '@keyport/testing';
import { overHttp } from './all-attacks.ts';
import { issuersNetwork } from './tables/key-set-attacks.ts';
import { Workshop } from './workshop.ts';

describe('Over HTTP,', () => {
  let stack: TestStack;
  let workshop: Workshop;
  let before: Awaited<ReturnType<TestStack['describe']>>['processes'];

  beforeAll(async () => {
    stack = await TestStack.start({
      // A holder's proofs are used up soon.
      env: { KEYPORT_PROOFS_PER_SECOND: '50', KEYPORT_ISSUER_NETWORKS: issuersNetwork },
    });
    workshop = await Workshop.in(stack);
    before = (await stack.describe()).processes;
  });

  afterAll(async () => {
    await workshop?.listener.stop();
    await stack?.stop();
  });

  describe.each(Object.entries(overHttp))('%s:', (_group, attacks) => {
    it.each(attacks.map((attack) => [attack.name, attack.refusal, attack] as const))(
      '%s: is refused with %s',
      async (_name, _refusal, { status, code, act }) => {
        const reply = await act(workshop);

        expect([reply.status, reply.body]).toMatchObject([status, { code, status }]);
        expect(reply.headers.get('content-type')).toContain('application/problem+json');
        if (status === 401 && code.startsWith('TOKEN_')) {
          expect(reply.headers.get('www-authenticate')).toMatch(/^(?:Bearer|DPoP) realm="keyport"/);
        }
        if (code === 'DPOP_PROOF_INVALID') {
          const challenge = reply.headers.get('www-authenticate');
          expect(challenge).toMatch(/^DPoP realm="keyport", error="invalid_dpop_proof", .* algs="ES256 /);
        }
        if (status === 429) expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        if (code === 'INSUFFICIENT_SCOPE') {
          expect(reply.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
        }
        // A token begins so; no problem shows one.
        expect(JSON.stringify([reply.body, ...reply.headers])).not.toMatch(/eyJ[\w-]{20}/);
      },
    );
  });

  it('the scheme may be written in any case (RFC 9110 §11.1)', async () => {
    const replies = await Promise.all(
      ['bearer', 'BEARER', 'bEaReR'].map((scheme) =>
        workshop.owner.with(undefined).request('/v1/auth/me', {
          headers: { authorization: `${scheme} ${workshop.token()}` },
        }),
      ),
    );

    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('a login says nothing of whether somebody has the email: three refusals read alike', async () => {
    const { email } = await workshop.member();
    const disabled = await workshop.member();
    await workshop.ask(workshop.owner.token, `/v1/users/${disabled.id}`, { disabled: true }, 'PATCH');
    const attempt = async (json: unknown) => {
      const { status, headers, body } = await workshop.ask(undefined, '/v1/auth/login', json);
      const said = { ...(body as Record<string, unknown>), requestId: 'of the request' };
      return { status, said, names: [...headers.keys()].sort() };
    };

    const wrongPassword = await attempt({ email, password: 'not the password' });
    const unknownEmail = await attempt({ email: 'nobody@example.com', password: 'not the password' });
    const disabledUser = await attempt({ email: disabled.email, password: disabled.password });

    expect(wrongPassword.status).toBe(401);
    expect(unknownEmail).toEqual(wrongPassword);
    expect(disabledUser).toEqual(wrongPassword);
  });

  it('a key that is asked to live for longer than its maker ends with it', async () => {
    const { token } = await workshop.owner.ok<{ token: string }>('/v1/keys', {
      method: 'POST',
      json: { name: 'short', scopes: ['keys:create'], expiresInSeconds: 60 },
    });

    const { key: child } = await workshop.owner.with(token).ok<{ key: { expiresAt: string } }>('/v1/keys', {
      method: 'POST',
      json: { name: 'longer', scopes: ['keys:create'], expiresInSeconds: 3600 },
    });

    expect(Date.parse(child.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it("a self-issuer that leaves with the id of somebody else's token ends no token but its own", async () => {
    const self = await workshop.selfIssuer('Ed25519');
    const token = self.token({}, { jti: workshop.claims.jti });

    const left = await workshop.ask(token, '/v1/auth/logout', {});

    expect(left.status).toBe(204);
    expect((await workshop.refusalOf(token)).body).toMatchObject({ code: 'TOKEN_REVOKED' });
    expect((await workshop.ask(workshop.victim.token)).status).toBe(200);
    expect((await workshop.ask(self.token())).status).toBe(200);
  });

  it('no attack fetched what it pointed to, and none ended a process', async () => {
    const { status } = await workshop.ask(undefined, '/health/ready');

    expect(workshop.listener.connections).toBe(0);
    expect(status).toBe(200);
    expect((await stack.describe()).processes).toEqual(before);
  });
});
