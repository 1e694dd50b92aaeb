import { describe, expect, it } from '@jest/globals';
import { DpopKey, outcomeOf, withinASecond, type KeyportClient, type Problem } from '@keyport/testing';
import { accessTokenType, exchangeGrant } from './issuing.ts';
import { sendForm } from './oauth-client.ts';
import { gateways, owner, stack, withTwoGateways } from './two-gateways.ts';

const path = '/v1/datasets/orders/records';

withTwoGateways(['orders']);

type Headers = Readonly<Record<string, string>>;

/** A phone with a token of its own, given for the parent's and bound to the phone's key. */
async function phoneOf(parent: KeyportClient) {
  const key = new DpopKey();
  const dpop = key.proof({ method: 'POST', url: `${stack.gatewayUrl}/oauth/token` });
  const form = { grant_type: exchangeGrant, subject_token: parent.token ?? '', subject_token_type: accessTokenType };
  const { body } = await sendForm(owner, '/oauth/token', { ...form, scope: 'records:read:orders' }, { dpop });
  const token = String(body.access_token);
  const headers = (more: { method?: string; path?: string } = {}, by = key): Headers =>
    by.headers({ token, method: more.method ?? 'GET', url: stack.gatewayUrl + (more.path ?? path) });
  return { token, tokenType: body.token_type, headers };
}

const send = async (to: KeyportClient, headers: Headers) => outcomeOf(await to.request<Problem>(path, { headers }));
const onEach = (headersOf: () => Headers) => Promise.all(gateways.map((gateway) => send(gateway, headersOf())));

describe("A key exchanged for a narrower one that is bound to the phone's key", () => {
  it('works with proofs at every gateway, and ends with the key', async () => {
    const parent = await owner.minted('records:read:orders', 'keys:read');
    const phone = await phoneOf(parent);
    const before = await onEach(phone.headers);

    await owner.request(`/v1/keys/${parent.keyId}`, { method: 'DELETE' });

    expect([phone.tokenType, before]).toEqual(['DPoP', [[200], [200]]]);
    const after = await withinASecond(
      () => onEach(phone.headers),
      (outcomes) => outcomes.every(([status]) => status === 401),
    );
    expect(after).toEqual(gateways.map(() => [401, 'TOKEN_REVOKED']));
  });

  type Phone = Awaited<ReturnType<typeof phoneOf>>;

  it.each<[string, string, (phone: Phone) => Headers]>([
    ['as a plain Bearer', 'TOKEN_INVALID', ({ token }) => ({ authorization: `Bearer ${token}` })],
    ['with the proof of another key', 'DPOP_PROOF_INVALID', (phone) => phone.headers({}, new DpopKey())],
    ['with a proof for another URL', 'DPOP_PROOF_INVALID', (phone) => phone.headers({ path: '/v1/auth/me' })],
    ['with a proof for another method', 'DPOP_PROOF_INVALID', (phone) => phone.headers({ method: 'POST' })],
    ['without a proof', 'DPOP_PROOF_INVALID', ({ token }) => ({ authorization: `DPoP ${token}` })],
  ])('is refused by every gateway %s', async (_what, code, headersOf) => {
    const phone = await phoneOf(await owner.minted('records:read:orders'));

    expect(await onEach(() => headersOf(phone))).toEqual(gateways.map(() => [401, code]));
    expect(await onEach(phone.headers)).toEqual([[200], [200]]);
  });

  it('is refused by every gateway with a proof that one of them has seen', async () => {
    const phone = await phoneOf(await owner.minted('records:read:orders'));
    const headers = phone.headers();
    expect(await send(gateways[0] as KeyportClient, headers)).toEqual([200]);

    expect(await onEach(() => headers)).toEqual(gateways.map(() => [401, 'DPOP_PROOF_INVALID']));
  });
});
