import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt, SignJWT } from 'jose';
import { accessTokenType, exchanged, exchangeGrant } from './issuing.ts';
import { basicOf, registerClient, sendForm } from './oauth-client.ts';
import { claimsOf, expectGone, read, statusesOn, withExchanges } from './token-exchange-scene.ts';
import { owner } from './two-gateways.ts';

withExchanges();

/** Somebody who registered a public key, and a token that they signed. */
async function selfIssued(scopes: string[], lifetime = 300) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = await owner.ok<{ id: string; kid: string; issuer: string; subject: string; audience: string }>(
    '/v1/public-keys',
    {
      method: 'POST',
      json: { name: 'signer', jwk: publicKey.export({ format: 'jwk' }), scopes, maxLifetimeSeconds: 600 },
    },
  );
  const now = Math.floor(Date.now() / 1000);
  const said = {
    iss: key.issuer,
    sub: key.subject,
    aud: key.audience,
    iat: now,
    exp: now + lifetime,
    jti: randomUUID(),
  };
  const token = await new SignJWT({ ...said, scope: scopes.join(' ') })
    .setProtectedHeader({ kid: key.kid, typ: 'at+jwt', alg: 'EdDSA' })
    .sign(privateKey);
  return { key, token };
}

describe('A token that somebody signed alone, exchanged,', () => {
  it.each<[string, (self: Awaited<ReturnType<typeof selfIssued>>) => Promise<unknown>]>([
    ['its public key', ({ key }) => owner.ok(`/v1/public-keys/${key.id}`, { method: 'DELETE' })],
    [
      'the token',
      ({ key, token }) =>
        owner.ok('/v1/revocations', { method: 'POST', json: { iss: key.issuer, jti: decodeJwt(token).jti } }),
    ],
    ['its issuer', ({ key }) => owner.ok('/v1/revocations', { method: 'POST', json: { iss: key.issuer } })],
  ])('has what was given for it end with %s', async (_what, end) => {
    const self = await selfIssued([read]);
    const phone = await exchanged(owner, self.token);
    expect(claimsOf(phone)).toMatchObject({ iss: owner.url, sub: self.key.subject });
    expect(await statusesOn(phone.token)).toEqual([200, 200]);

    await end(self);

    await expectGone(phone);
  });

  it('gives no longer life than it has', async () => {
    const self = await selfIssued([read], 30);

    const phone = await exchanged(owner, self.token);

    expect(claimsOf(phone).exp).toBeLessThanOrEqual(decodeJwt(self.token).exp ?? 0);
  });
});

describe('A client that exchanges', () => {
  it('is named as who acts, cuts what is given by its own ceiling, and ends it', async () => {
    const { client, secret } = await registerClient(owner, { grants: [exchangeGrant], scopes: [read] });
    const key = await owner.minted('records:read:*');
    const form = { grant_type: exchangeGrant, subject_token: key.token ?? '', subject_token_type: accessTokenType };

    const { body } = await sendForm(owner, '/oauth/token', form, basicOf(client.id, secret));
    const acting = owner.with(String(body.access_token));
    const child = await exchanged(owner, acting.token);

    expect(claimsOf(acting)).toMatchObject({
      sub: claimsOf(key).sub,
      client_id: client.id,
      act: { sub: client.id },
      scope: read,
    });
    expect(claimsOf(child)).toMatchObject({ act: { sub: client.id } });
    await owner.ok(`/v1/clients/${client.id}`, { method: 'DELETE' });
    await expectGone(acting, child);
  });

  it('that may not exchange gets nothing', async () => {
    const { client, secret } = await registerClient(owner);
    const key = await owner.minted(read);
    const form = { grant_type: exchangeGrant, subject_token: key.token ?? '', subject_token_type: accessTokenType };

    const { status, body } = await sendForm(owner, '/oauth/token', form, basicOf(client.id, secret));

    expect([status, body.error]).toEqual([400, 'unauthorized_client']);
  });
});
