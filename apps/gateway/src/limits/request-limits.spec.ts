import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RightsView } from '@keyport/access';
import type { KeyportError, UsageLimits } from '@keyport/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { gatewayConfig } from '../config.ts';
import { RequestLimits, type Holder } from './request-limits.ts';

/** Of every key and public key the limits of the moment. */
const own: { limits: UsageLimits | undefined } = { limits: undefined };
const rights = {
  key: () => own.limits && { limits: own.limits },
  publicKey: () => own.limits && { limits: own.limits },
} as unknown as RightsView;

function setUp(environment: Record<string, string> = {}, limits?: UsageLimits): RequestLimits {
  own.limits = limits;
  return new RequestLimits(gatewayConfig.parse(environment), rights);
}

const holder = (parts: Partial<Holder>): Holder => ({
  issuer: 'http://127.0.0.1:3000',
  subject: 'ada',
  keyId: undefined,
  publicKeyId: undefined,
  ancestors: [],
  ...parts,
});

const newReply = () => {
  const headers: Record<string, string> = {};
  const reply = { header: (name: string, value: string) => (headers[name] = value) } as unknown as FastifyReply;
  return { reply, headers };
};

const from = (ip: string, method = 'POST') =>
  ({ ip, method, raw: { rawHeaders: ['Authorization', 'Bearer a.b.c'] } }) as unknown as FastifyRequest;

function refusalOf(work: () => void): KeyportError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as KeyportError;
  }
}

describe('The limits of requests', () => {
  // Else buckets fill while this runs, the more the slower the machine.
  beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(0));
  afterEach(() => void jest.restoreAllMocks());

  it('of a key hold for all that is minted through it together', () => {
    const limits = setUp({}, { requestsPerSecond: 1, burst: 2 });
    const child = (keyId: string) => holder({ keyId, ancestors: ['parent'] });

    limits.count(child('one'), newReply().reply);
    limits.count(child('two'), newReply().reply);

    expect(refusalOf(() => limits.count(child('three'), newReply().reply))?.code).toBe('RATE_LIMITED');
  });

  it('of a public key hold for what was exchanged for its tokens, which is counted once', () => {
    const limits = setUp({}, { requestsPerSecond: 1, burst: 2 });
    const origin = { iat: 0, exp: 1, kids: ['pk-1'], clients: [] };
    const child = (jti: string) => holder({ ancestors: [jti, 'pk-1'], origin });
    const { reply, headers } = newReply();

    limits.count(holder({ publicKeyId: 'pk-1' }), newReply().reply);
    limits.count(child('t1'), reply);

    expect(headers).toMatchObject({ 'ratelimit-limit': '2', 'ratelimit-remaining': '0' });
    expect(refusalOf(() => limits.count(child('t2'), newReply().reply))?.code).toBe('RATE_LIMITED');
    expect(refusalOf(() => limits.count(holder({ publicKeyId: 'pk-1' }), newReply().reply))?.code).toBe('RATE_LIMITED');
    expect(refusalOf(() => limits.count(holder({ origin }), newReply().reply))).toBeUndefined();
  });

  it("tell each holder what is left of the deployment's limit", () => {
    const limits = setUp({ KEYPORT_REQUESTS_PER_SECOND: '10', KEYPORT_REQUESTS_BURST: '30' });
    const { reply, headers } = newReply();

    limits.count(holder({}), reply);

    expect(headers).toEqual({
      'ratelimit-limit': '30',
      'ratelimit-remaining': '29',
      'ratelimit-reset': '1',
      'ratelimit-policy': '30;w=3',
    });
  });

  it('refuse with the seconds to wait, and still tell what is left', () => {
    const limits = setUp({}, { requestsPerSecond: 1 });
    const { reply, headers } = newReply();
    limits.count(holder({ keyId: 'k' }), reply);

    const refused = refusalOf(() => limits.count(holder({ keyId: 'k' }), reply));

    expect(refused).toMatchObject({ code: 'RATE_LIMITED', params: { limit: 1, retryAfterSeconds: 1 } });
    expect(headers).toMatchObject({ 'ratelimit-limit': '1', 'ratelimit-remaining': '0' });
  });

  it('count a key, a public key and a person each alone, and all sessions of a person together', () => {
    const limits = setUp({ KEYPORT_REQUESTS_PER_SECOND: '1', KEYPORT_REQUESTS_BURST: '1' });
    const holders = [
      holder({ keyId: 'k1' }),
      holder({ keyId: 'k2' }),
      holder({ publicKeyId: 'pk-1' }),
      holder({}),
      holder({ issuer: 'https://elsewhere.example' }),
    ];

    for (const one of holders) limits.count(one, newReply().reply);

    for (const one of holders) {
      expect(refusalOf(() => limits.count(one, newReply().reply))?.code).toBe('RATE_LIMITED');
    }
  });

  it.each([
    { own: { requestsPerSecond: 5 }, limit: '5', policy: '5;w=1' },
    { own: { requestsPerSecond: 5, burst: 20 }, limit: '20', policy: '20;w=4' },
    { own: { burst: 7 }, limit: '7', policy: '7;w=1' },
    { own: { importsPerDay: 3 }, limit: '100000', policy: '100000;w=2' },
  ])("are the holder's own where it has some: $own", ({ own, limit, policy }) => {
    const { reply, headers } = newReply();

    setUp({}, own).count(holder({ publicKeyId: 'pk-1' }), reply);

    expect(headers).toMatchObject({ 'ratelimit-limit': limit, 'ratelimit-policy': policy });
  });

  it('of a key do not hold for the sessions of its owner', () => {
    const { reply, headers } = newReply();

    setUp({}, { requestsPerSecond: 1 }).count(holder({}), reply);

    expect(headers).toMatchObject({ 'ratelimit-limit': '100000' });
  });

  it('hold by the next request after they were changed', () => {
    const limits = setUp();
    const count = (now: UsageLimits | undefined) => {
      own.limits = now;
      return refusalOf(() => limits.count(holder({ keyId: 'k' }), newReply().reply))?.code;
    };

    const lowered = { requestsPerSecond: 1 };
    const raised = { requestsPerSecond: 3 };

    expect([undefined, lowered, lowered, raised, raised, raised].map(count)).toEqual([
      ...[undefined, undefined, 'RATE_LIMITED'],
      ...[undefined, undefined, 'RATE_LIMITED'],
    ]);
  });

  it('stop checking tokens of an address that sent too many bad ones, but let known tokens through', () => {
    const limits = setUp({ KEYPORT_UNAUTHENTICATED_PER_SECOND: '1' });
    const flood = from('192.0.2.1');
    const refuse = (request: FastifyRequest, isKnown: boolean) =>
      refusalOf(() => limits.refuseFlood(request, (token) => isKnown && token === 'a.b.c'))?.code;
    expect(refuse(flood, false)).toBeUndefined();

    limits.countStranger(flood);
    limits.countStranger(flood);

    expect(refusalOf(() => limits.countStranger(flood))?.code).toBe('RATE_LIMITED');
    expect(refuse(flood, false)).toBe('RATE_LIMITED');
    expect(refuse(flood, true)).toBeUndefined();
    expect(refuse(from('192.0.2.2'), false)).toBeUndefined();
  });

  it('hold for inspections and for sign-ins too', () => {
    const limits = setUp();
    const manyTimes = (work: () => void) => Array.from({ length: 200 }, () => refusalOf(work)?.code);

    const inspections = manyTimes(() => limits.countInspection(holder({})));
    const visits = manyTimes(() => limits.countVisit(from('192.0.2.1')));

    expect(inspections.indexOf('RATE_LIMITED')).toBeGreaterThanOrEqual(40);
    expect(inspections.at(-1)).toBe('RATE_LIMITED');
    expect(visits.indexOf('RATE_LIMITED')).toBeGreaterThanOrEqual(100);
    expect(visits.at(-1)).toBe('RATE_LIMITED');
    expect(refusalOf(() => limits.countVisit(from('192.0.2.1', 'GET')))).toBeUndefined();
  });
});
