import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DpopKey, refusalOf } from '@keyport/testing';
import { gatewayConfig } from '../config.ts';
import { asksForProof, Possession } from './possession.ts';
import { ProofLimits } from '../limits/proof-limits.ts';
import type { Principal } from './principal.ts';
import type { ProofMemory } from './proof-memory.ts';

const publicUrl = 'https://keyport.example/api/';
const formerUrl = 'https://old.example';
const path = '/v1/auth/me?limit=1';
const token = 'a.b.c';
const phone = new DpopKey();

function setUp(environment: Record<string, string> = {}) {
  const shown = new Set<string>();
  const asked: string[] = [];
  const memory = {
    isFirst: async ({ proofId }: { proofId: string }, shownWith: string) => {
      asked.push(shownWith);
      return !shown.has(proofId) && shown.add(proofId).size > 0;
    },
  } as unknown as ProofMemory;
  const config = gatewayConfig.parse({ KEYPORT_PUBLIC_URL: publicUrl, ...environment });
  const signingKeys = { issuers: () => [formerUrl] };
  return { possession: new Possession(config, signingKeys, memory, new ProofLimits(config)), shown, asked };
}

const boundTo = (thumbprint: string | undefined, userId = 'ada') => ({ boundTo: thumbprint, userId }) as Principal;
const requestWith = (...rawHeaders: string[]) => ({ method: 'GET', url: path, ip: '192.0.2.1', raw: { rawHeaders } });
const freshProof = () => requestWith('DPoP', phone.proof({ url: 'https://old.example/v1/auth/me', token }));
const presented = { scheme: 'DPoP', token } as const;

describe('The proof of possession', () => {
  // Else buckets fill while this runs, the more the slower the machine.
  beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(0));
  afterEach(() => void jest.restoreAllMocks());

  it.each(['https://keyport.example/api/v1/auth/me', 'https://old.example/v1/auth/me'])(
    'is for the URL under an address that the deployment has or had: %s',
    async (url) => {
      const { possession } = setUp();
      const request = requestWith('DPoP', phone.proof({ url, token }));

      await expect(possession.require(request, presented, boundTo(phone.thumbprint))).resolves.toBeUndefined();
    },
  );

  it.each([
    ['the address that a proxy calls', 'http://10.0.0.1:3000/v1/auth/me'],
    ['the path without that of the public address', 'https://keyport.example/v1/auth/me'],
  ])('is for no other URL: %s', async (_what, url) => {
    const { possession, shown } = setUp();
    const request = requestWith('DPoP', phone.proof({ url, token }));

    const refused = await refusalOf(possession.require(request, presented, boundTo(phone.thumbprint)));

    expect(refused).toMatchObject({ code: 'DPOP_PROOF_INVALID', params: { check: 'url' } });
    expect(shown.size).toBe(0);
  });

  it('is good once', async () => {
    const { possession } = setUp();
    const request = requestWith('DPoP', phone.proof({ url: 'https://old.example/v1/auth/me', token }));
    await possession.require(request, presented, boundTo(phone.thumbprint));

    const again = await refusalOf(possession.require(request, presented, boundTo(phone.thumbprint)));

    expect(again).toMatchObject({ code: 'DPOP_PROOF_INVALID', params: { check: 'replay' } });
  });

  it('by another key than that of the token leaves no trace', async () => {
    const { possession, shown } = setUp();
    const request = requestWith('DPoP', new DpopKey().proof({ url: 'https://old.example/v1/auth/me', token }));

    const refused = await refusalOf(possession.require(request, presented, boundTo(phone.thumbprint)));

    expect(refused).toMatchObject({ code: 'DPOP_PROOF_INVALID', params: { check: 'binding' } });
    expect(shown.size).toBe(0);
  });

  it('is remembered of each holder only so often, and of others all the same', async () => {
    const { possession, shown } = setUp({ KEYPORT_PROOFS_PER_SECOND: '1' });
    const show = (holder: string) => possession.require(freshProof(), presented, boundTo(phone.thumbprint, holder));
    await show('ada');
    await show('ada');

    const refused = await refusalOf(show('ada'));

    expect(refused).toMatchObject({ code: 'RATE_LIMITED', params: { retryAfterSeconds: 1 } });
    expect(shown.size).toBe(2);
    await expect(show('bob')).resolves.toBeUndefined();
  });

  it('that was overheard uses up nothing of what its holder may show', async () => {
    const { possession } = setUp({ KEYPORT_PROOFS_PER_SECOND: '1' });
    const overheard = freshProof();
    const show = (request = freshProof()) => possession.require(request, presented, boundTo(phone.thumbprint));
    await show(overheard);

    const replays = await Promise.all(Array.from({ length: 10 }, () => refusalOf(show(overheard))));

    expect(replays.map((refused) => refused?.params.check)).toEqual(replays.map(() => 'replay'));
    await expect(show()).resolves.toBeUndefined();
  });

  it('with a request for a token counts for its address, and takes none of the room of others', async () => {
    const { possession, asked } = setUp();
    const url = 'https://old.example/oauth/token';
    const ask = (ip: string) =>
      possession.thumbprintIn({
        ...requestWith('DPoP', phone.proof({ method: 'POST', url })),
        ...{ method: 'POST', url: '/oauth/token', ip },
      });
    const answers: (string | undefined)[] = [];
    for (let tries = 0; tries < 200 && answers.at(-1) !== 'RATE_LIMITED'; tries += 1)
      answers.push(await ask('192.0.2.1').catch(({ code }: { code: string }) => code));

    const elsewhere = await ask('192.0.2.2');

    expect(answers.length).toBe(51);
    expect(answers.at(-1)).toBe('RATE_LIMITED');
    expect(elsewhere).toBe(phone.thumbprint);
    expect(new Set(asked)).toEqual(new Set(['tokenRequest']));
  });

  it('is missed where none came', async () => {
    const refused = await refusalOf(setUp().possession.require(requestWith(), presented, boundTo(phone.thumbprint)));

    expect(refused).toMatchObject({ code: 'DPOP_PROOF_INVALID', params: { check: 'presence' } });
  });

  it.each([
    ['a bound token sent as Bearer', 'Bearer', phone.thumbprint],
    ['an unbound token sent as DPoP', 'DPoP', undefined],
  ] as const)('is asked for, and %s refused', async (_what, scheme, thumbprint) => {
    const principal = boundTo(thumbprint);

    const refused = await refusalOf(setUp().possession.require(requestWith(), { scheme, token }, principal));

    expect(asksForProof({ scheme, token }, principal)).toBe(true);
    expect(refused).toMatchObject({ code: 'TOKEN_INVALID', params: { check: 'binding' } });
  });

  it('is not asked of a token that is bound to nothing', () => {
    expect(asksForProof({ scheme: 'Bearer', token }, boundTo(undefined))).toBe(false);
  });

  it('names the key that a token is asked for with, and nobody where none came', async () => {
    const { possession } = setUp();
    const request = { ...requestWith('DPoP', phone.proof({ method: 'POST', url: 'https://old.example/oauth/token' })) };

    expect(await possession.thumbprintIn({ ...request, method: 'POST', url: '/oauth/token' })).toBe(phone.thumbprint);
    expect(await possession.thumbprintIn(requestWith())).toBeUndefined();
  });
});
