import { describe, expect, it } from '@jest/globals';
import { portionBytes, portionOf } from './portion.ts';
import { dayOf, secondsUntilMidnight } from './quota-day.ts';

describe('what an upload takes off a quota', () => {
  it.each([
    ['much is left', { need: 1, left: 1e12 }, portionBytes],
    ['it needs more than one portion', { need: 2 * portionBytes, left: 1e12 }, 2 * portionBytes],
    ['less is left than four portions', { need: 1, left: 400 }, 100],
    ['just what it needs is left', { need: 400, left: 400 }, 400],
    ['one byte is left', { need: 1, left: 1 }, 1],
    ['it is small and says so', { need: 1, atMost: 700, left: 1e12 }, 700],
    ['it is empty and says so', { need: 0, atMost: 0, left: 1e12 }, 0],
    ['it needs more than is left', { need: 401, left: 400 }, undefined],
    ['nothing is left', { need: 1, left: 0 }, undefined],
    ['more is used than the limit, which was lowered', { need: 1, left: -5 }, undefined],
    ['there is no limit', { need: 1, left: Infinity }, portionBytes],
  ])('where %s', (_where, wanted, portion) => {
    expect(portionOf(wanted)).toBe(portion);
  });
});

describe('the day of a quota', () => {
  it.each([
    ['2026-11-24T00:00:00.000Z', '2026-11-24', 86_400],
    ['2026-11-24T23:59:58.500Z', '2026-11-24', 2],
    ['2026-11-24T23:59:59.999Z', '2026-11-24', 1],
    ['2026-11-24T23:30:00.000-02:00', '2026-11-25', 81_000],
  ])('of %s is the one in UTC, and ends at midnight there', (at, day, seconds) => {
    expect(dayOf(new Date(at))).toBe(day);
    expect(secondsUntilMidnight(new Date(at))).toBe(seconds);
  });
});
