import { describe, expect, it } from '@jest/globals';
import { judgePoll } from './device-rules.ts';

const now = new Date('2026-11-30T12:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const pending = { state: 'pending', expiresAt: at(60), polledAt: null, intervalSeconds: 5 } as const;

describe('A device that polls', () => {
  it.each([
    ['for the first time waits', {}, 'pending'],
    ['after the interval waits', { polledAt: at(-5) }, 'pending'],
    ['a moment sooner, as a network may bring it, waits', { polledAt: at(-4.6) }, 'pending'],
    ['too soon is slowed down', { polledAt: at(-4) }, 'slow_down'],
    [
      'after the first interval though it was slowed down is slowed down again',
      { polledAt: at(-5), intervalSeconds: 10 },
      'slow_down',
    ],
    ['after the code ended is told so', { expiresAt: now }, 'expired'],
    ['after the code ended is told so, though it was approved', { state: 'approved', expiresAt: at(-1) }, 'expired'],
    ['and was refused is told so', { state: 'denied' }, 'denied'],
    ['and was approved gets its token at once', { state: 'approved', polledAt: at(-1) }, 'approved'],
    ['a second time for its token is told so, for ever', { state: 'redeemed', expiresAt: at(-1) }, 'redeemed'],
  ] as const)('%s', (_what, change, outcome) => {
    expect(judgePoll({ ...pending, ...change }, now)).toBe(outcome);
  });
});
