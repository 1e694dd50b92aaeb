import { describe, expect, it } from '@jest/globals';
import { cutoffSeconds, mergedEntry, revocationKeptUntil } from './revocation-entries.ts';

const at = (text: string) => new Date(text);

describe('revocationKeptUntil', () => {
  it('is after the end of a token that lives for longer than any job', () => {
    expect(revocationKeptUntil(at('2030-06-01T00:00:00Z'), at('2030-01-01T00:00:00Z'))).toEqual(
      at('2030-06-01T00:00:05Z'),
    );
  });

  it('is after the end of a job that was started a moment before, though the token ends sooner', () => {
    expect(revocationKeptUntil(at('2030-01-01T00:10:00Z'), at('2030-01-01T00:00:00Z'))).toEqual(
      at('2030-01-31T00:00:05Z'),
    );
  });
});

describe('cutoffSeconds', () => {
  it.each([
    ['2030-01-01T00:00:00.000Z', 1_893_456_000],
    ['2030-01-01T00:00:00.001Z', 1_893_456_001],
  ])('lets no token pass that was issued before %s', (instant, seconds) => {
    expect(cutoffSeconds(at(instant))).toBe(seconds);
  });
});

describe('mergedEntry', () => {
  const now = at('2030-01-01T00:00:00Z');
  const soon = at('2030-02-01T00:00:00Z');
  const later = at('2030-03-01T00:00:00Z');
  const [soonSeconds, laterSeconds] = [1_896_134_400, 1_898_553_600];

  it.each([
    ['is nothing where nothing stands behind it', [], undefined],
    ['is nothing once all have ended', [{ before: null, endsAt: now, from: null }], undefined],
    ['shows one as it is', [{ before: 5, endsAt: soon, from: null }], { before: 5, expiresAt: soonSeconds }],
    [
      'takes the latest cutoff, for as long as one of them matters',
      [
        { before: 7, endsAt: soon, from: null },
        { before: 5, endsAt: later, from: null },
      ],
      { before: 7, expiresAt: laterSeconds },
    ],
    [
      'takes what revokes altogether before any cutoff',
      [
        { before: 7, endsAt: later, from: null },
        { before: null, endsAt: soon, from: null },
      ],
      { before: null, expiresAt: laterSeconds },
    ],
    [
      'shows one that holds from later on with that moment',
      [{ before: null, endsAt: later, from: soon }],
      { before: null, expiresAt: laterSeconds, from: soonSeconds },
    ],
    [
      'shows of two that hold from later on the first',
      [
        { before: null, endsAt: later, from: soon },
        { before: null, endsAt: later, from: at('2030-01-31T00:00:00Z') },
      ],
      { before: null, expiresAt: laterSeconds, from: soonSeconds - 86_400 },
    ],
    [
      'shows one whose moment has come as any other',
      [{ before: null, endsAt: later, from: now }],
      { before: null, expiresAt: laterSeconds },
    ],
    [
      'has no end where one of them has none',
      [
        { before: 7, endsAt: null, from: null },
        { before: 5, endsAt: soon, from: null },
      ],
      { before: 7, expiresAt: null },
    ],
    [
      'passes over one that has ended',
      [
        { before: null, endsAt: at('2029-12-31T00:00:00Z'), from: null },
        { before: 5, endsAt: soon, from: null },
      ],
      { before: 5, expiresAt: soonSeconds },
    ],
  ])('%s', (_what, cutoffs, entry) => {
    expect(mergedEntry(cutoffs, now)).toEqual(entry);
    expect(mergedEntry(cutoffs.toReversed(), now)).toEqual(entry);
  });
});
