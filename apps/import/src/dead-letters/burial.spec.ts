import { describe, expect, it } from '@jest/globals';
import { planBurial, type BurialState, type Letter } from './burial.ts';

const now = new Date('2026-11-30T12:00:00Z');
const state: BurialState = {
  ...{ totals: null, known: new Set(), held: { letters: 0, bytes: 0 } },
  ...{ room: { letters: 10, bytes: 1_000 }, keepMs: 1_000, now },
};

function letter(
  sequence: number,
  { id = `${sequence}` as string | null, bytes = 10, code = 'MISSING_KEY', stream = 's' } = {},
): Letter {
  return {
    published: { stream, sequence, subject: 'ingest.v1.orders', publishedAt: now, bytes: Buffer.alloc(bytes) },
    problem: { code, message: 'm' },
    name: id === null ? undefined : { id, source: '/shop', type: 't', subject: undefined },
  };
}

describe('the burial of refused events', () => {
  it('counts and keeps each, by code', () => {
    const { totals, added } = planBurial([letter(1), letter(2, { code: 'KEY_TYPE' }), letter(5)], state);

    expect(added.map(({ sequence }) => sequence)).toEqual([1, 2, 5]);
    expect(totals).toMatchObject({
      dataset: 'orders',
      lastSequence: 5,
      refused: 3,
      notKept: 0,
      codes: { MISSING_KEY: 2, KEY_TYPE: 1 },
    });
  });

  it('does not count again what a killed process had counted, and does so in a stream that was made anew', () => {
    const { totals } = planBurial([letter(1), letter(2)], state);

    expect(planBurial([letter(1), letter(2), letter(3)], { ...state, totals })).toMatchObject({
      added: [{ sequence: 3 }],
      totals: { refused: 3, lastSequence: 3 },
    });
    expect(planBurial([letter(1, { stream: 'other' })], { ...state, totals })).toMatchObject({
      totals: { refused: 3, stream: 'other' },
    });
  });

  it('makes one letter of an event that is published again, within a batch and later', () => {
    const [first] = planBurial([letter(1, { id: 'a' }), letter(2, { id: 'a' })], state).added;
    const later = planBurial([letter(3, { id: 'a' })], { ...state, known: new Set([first?.key ?? '']) });

    expect(first).toMatchObject({ sequence: 2, deliveries: 2 });
    expect(later).toMatchObject({ added: [], again: [{ key: first?.key, deliveries: 1 }], totals: { refused: 1 } });
  });

  it('makes one of each message that says no name', () => {
    const { added } = planBurial([letter(1, { id: null }), letter(2, { id: null })], state);

    expect(added).toHaveLength(2);
  });

  it('keeps no more than there is room for, and counts on', () => {
    const full = { ...state, held: { letters: 9, bytes: 0 } };
    const heavy = { ...state, held: { letters: 0, bytes: 995 } };

    expect(planBurial([letter(1), letter(2), letter(3)], full)).toMatchObject({
      added: [{ sequence: 1 }],
      totals: { refused: 3, notKept: 2 },
    });
    expect(planBurial([letter(1), letter(2)], heavy)).toMatchObject({
      added: [{ sequence: 1 }],
      totals: { notKept: 1 },
    });
  });

  it('keeps the beginning alone of what is too large to be an event', () => {
    const [kept] = planBurial([letter(1, { id: null, bytes: 5 * 1024 * 1024 })], {
      ...state,
      room: { letters: 1, bytes: 1e9 },
    }).added;

    expect(kept).toMatchObject({ complete: false, bytes: 5 * 1024 * 1024 });
    expect(kept?.raw).toHaveLength(16 * 1024);
  });
});
