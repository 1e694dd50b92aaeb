import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, oneOfThree, outcomeOf, type KeyportClient, type Problem } from '@keyport/testing';
import {
  company,
  gateways,
  good,
  goodOnEach,
  onEach,
  owner,
  refusedOnEach,
  register,
  registered,
  withCompany,
} from './external-issuers-scene.ts';
import { exchange, meOutcome, type Issuer } from './issuing.ts';

withCompany();

describe('The key set of an issuer', () => {
  it('is followed when it changes: the first token of a new key is good, and those of the old one are not', async () => {
    await register({ trust: 'direct' });
    const before = await company.accessToken();
    await goodOnEach(before);
    const rotate = async () => {
      // It rests for a second after each fetch.
      const { keySet } = await owner.ok<Issuer>(`/v1/issuers/${registered.id}`);
      await eventually(() => Date.parse(keySet.fetchedAt ?? '') + 1_100 < Date.now(), Boolean);
      await company.rotate(randomUUID(), 'ES256');
      const token = await company.accessToken();
      return { token, outcomes: await onEach(token) };
    };

    // The key set is waited for no longer than five seconds.
    const { token: after, outcomes } = await oneOfThree(rotate, (one) => isDeepStrictEqual(one.outcomes, good));

    expect(outcomes).toEqual(good);
    await refusedOnEach(before);
    expect((await exchange(owner, after)).status).toBe(200);
  });

  it('is not asked for again and again for keys that nobody has, on all gateways and at the token endpoint', async () => {
    await register({ trust: 'direct' });
    const before = company.keySetHits;
    const begun = Date.now();

    for (let round = 0; round < 10; round += 1) {
      const tokens = await Promise.all(
        Array.from({ length: 10 }, (_, index) => company.signed({}, { kid: `made-up-${round}-${index}` })),
      );
      await Promise.all(tokens.map((token, index) => meOutcome((gateways[index % 2] as KeyportClient).with(token))));
      await Promise.all(tokens.slice(0, 2).map((token) => exchange(owner, token)));
    }
    const seconds = (Date.now() - begun) / 1000;

    // One fetch a second at most, by KEYPORT_ISSUER_REST_SECONDS.
    expect(company.keySetHits - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
  });

  it('goes on while the issuer is down, and what it says when it is up again counts', async () => {
    await register({ trust: 'direct' });
    const known = await company.accessToken();
    const made = await company.signed({}, { kid: 'made-up' });
    await company.down();

    await goodOnEach(known);
    expect((await exchange(owner, known)).status).toBe(200);
    expect(await onEach(made)).toEqual([
      [401, 'TOKEN_INVALID'],
      [401, 'TOKEN_INVALID'],
    ]);
    const state = await eventually(
      async () => {
        await meOutcome(owner.with(await company.signed({}, { kid: `made-up-${Date.now()}` })));
        return (await owner.ok<Issuer>(`/v1/issuers/${registered.id}`)).keySet;
      },
      ({ problem }) => problem !== null,
    );
    expect(state).toMatchObject({ kids: ['first'], problem: 'it cannot be reached' });
    await company.up();
    await company.rotate('second');
    const next = await company.accessToken();
    await eventually(
      () => meOutcome(owner.with(next)),
      ([status]) => status === 200,
    );
  });
});

describe('Where a key set lies', () => {
  /** What is at the address of the key set; gives the code and the reason of the refusal, and how often it was asked. */
  async function refusalOf(answer: RequestListener) {
    let hits = 0;
    const server = createServer((request, response) => {
      hits += 1;
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const begun = Date.now();
    const { body } = await owner.request<Problem>('/v1/issuers', {
      method: 'POST',
      json: {
        ...{ issuer: 'https://idp.example', audience: 'x', scopeMapping: [], ceiling: [] },
        jwksUri: `http://127.0.0.1:${port}`,
      },
    });
    server.closeAllConnections();
    server.close();
    return { code: body.code, detail: body.detail, hits, tookMs: Date.now() - begun };
  }

  /** Of an answer that is refused before its five seconds are over, unless the machine stands still. */
  const atOnce = (answer: RequestListener) =>
    oneOfThree(
      () => refusalOf(answer),
      ({ detail }) => !detail?.includes('in time'),
    );

  beforeEach(() => register());

  it('is not where a redirect points', async () => {
    const before = company.keySetHits;

    const refused = await atOnce((_request, response) => response.writeHead(302, { location: company.jwksUri }).end());

    expect(refused).toMatchObject({ code: 'ISSUER_KEYS_UNAVAILABLE', detail: expect.stringContaining('302'), hits: 1 });
    expect(company.keySetHits).toBe(before);
  });

  it('is given up after five seconds where it answers slowly', async () => {
    const refused = await refusalOf((_request, response) => {
      const drip = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(drip));
    });

    expect(refused).toMatchObject({ code: 'ISSUER_KEYS_UNAVAILABLE', detail: expect.stringContaining('in time') });
    expect(refused.tookMs).toBeGreaterThan(4_500);
  });

  it('is given up after a mebibyte where it never ends', async () => {
    const refused = await atOnce((_request, response) => {
      const piece = Buffer.alloc(64 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && response.write(piece));
        response.once('drain', more);
      };
      more();
    });

    expect(refused).toMatchObject({ code: 'ISSUER_KEYS_UNAVAILABLE', detail: expect.stringContaining('larger') });
  });

  it('is not a private network that is not configured', async () => {
    const json = { issuer: 'https://idp.example', audience: 'x', scopeMapping: [], ceiling: [] };
    const ask = async (jwksUri: string) =>
      outcomeOf(await owner.request<Problem>('/v1/issuers', { method: 'POST', json: { ...json, jwksUri } }));

    expect(await ask('https://10.0.0.1/jwks')).toEqual([422, 'ISSUER_KEYS_UNAVAILABLE']);
    expect(await ask('http://[::1]:1/jwks')).toEqual([422, 'ISSUER_KEYS_UNAVAILABLE']);
  });
});
