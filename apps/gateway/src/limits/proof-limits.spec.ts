import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { gatewayConfig } from '../config.ts';
import { ProofLimits } from './proof-limits.ts';

const limitsOf = (perSecond: number) =>
  new ProofLimits(gatewayConfig.parse({ KEYPORT_PROOFS_PER_SECOND: String(perSecond) }));

const person = (parts: object = {}) => ({
  ...{ issuer: 'https://keyport.example', subject: 'ada', userId: undefined, issuerId: undefined },
  ...parts,
});

/** How many of so many were counted. */
function countOf(times: number, count: (at: number) => unknown): number {
  let counted = 0;
  for (let at = 0; at < times; at += 1) {
    try {
      count(at);
      counted += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED', params: { retryAfterSeconds: expect.any(Number) } });
    }
  }
  return counted;
}

describe('The limits of proofs', () => {
  // Else buckets fill while this runs, the more the slower the machine.
  beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(0));
  afterEach(() => void jest.restoreAllMocks());

  it('count all keys of a person together, and every client alone', () => {
    const limits = limitsOf(1);
    const of = (parts: object) => countOf(4, () => limits.countShown(person(parts)));

    expect(of({ userId: 'u1', subject: 'u1' })).toBe(2);
    expect(of({ userId: 'u1', subject: 'public-key:1' })).toBe(0);
    expect(of({ subject: 'client-1' })).toBe(2);
    expect(of({ subject: 'client-2' })).toBe(2);
  });

  it('bound what another issuer shows by naming ever new people', () => {
    const limits = limitsOf(1);

    const shown = countOf(40, (at) => limits.countShown(person({ issuerId: 'company', subject: `p${at}` })));

    expect(shown).toBe(8);
    expect(
      countOf(4, () =>
        limits.countShown(person({ issuer: 'https://other.example', issuerId: 'other', subject: 'p1' })),
      ),
    ).toBe(2);
  });

  it('bound what comes with requests for tokens from one address, and from all', () => {
    const limits = limitsOf(1);

    expect(countOf(200, () => limits.countAsked('2001:db8::1'))).toBe(50);
    expect(countOf(1, () => limits.countAsked('2001:db8::2'))).toBe(0);
    const ofAll = countOf(4_000, (at) => limits.countAsked(`192.0.${at >> 8}.${at & 255}`));
    expect(ofAll).toBe(950);
  });

  it('take back what was counted for nothing', () => {
    const limits = limitsOf(1);
    const show = () => limits.countShown(person());

    for (let at = 0; at < 10; at += 1) show()();

    expect(countOf(4, show)).toBe(2);
  });
});
