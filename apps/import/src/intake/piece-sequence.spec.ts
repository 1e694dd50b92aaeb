import { describe, expect, it } from '@jest/globals';
import { PieceSequence, type PieceHead } from './piece-sequence.ts';

const start = { sequence: 0, offset: 0, epoch: 0 };
const piece = (sequence: number, offset: number, length = 10, epoch = 1): PieceHead => ({
  sequence,
  offset,
  length,
  epoch,
});

describe('PieceSequence', () => {
  it('takes pieces that follow one another', () => {
    const sequence = new PieceSequence(start);

    expect(sequence.take(piece(5, 0))).toMatchObject({ kind: 'take', skip: 0, restart: { sequence: 5, offset: 0 } });
    expect(sequence.take(piece(9, 10))).toMatchObject({ kind: 'take', skip: 0, restart: { sequence: 9, offset: 10 } });
    expect(sequence.taken).toBe(20);
  });

  it('ignores what it has and skips the part that it has', () => {
    const sequence = new PieceSequence(start);
    sequence.take(piece(1, 0));

    expect(sequence.take(piece(2, 0))).toEqual({ kind: 'ignore' });
    expect(sequence.take(piece(3, 4))).toMatchObject({ kind: 'take', skip: 6 });
    expect(sequence.taken).toBe(14);
  });

  it('reads a piece that came too early again once its turn has come', () => {
    const sequence = new PieceSequence(start);
    sequence.take(piece(1, 0));
    expect(sequence.take(piece(2, 20))).toEqual({ kind: 'ignore' });
    expect(sequence.take(piece(3, 30))).toEqual({ kind: 'ignore' });
    expect(sequence.rewind()).toBeUndefined();

    const repaired = sequence.take(piece(4, 10));

    expect(repaired).toMatchObject({ kind: 'take', restart: { sequence: 2, offset: 10 } });
    expect(sequence.rewind()).toBe(2);
    expect(sequence.rewind()).toBeUndefined();
    expect(sequence.take(piece(2, 20))).toMatchObject({ kind: 'take' });
    expect(sequence.take(piece(3, 30))).toMatchObject({ kind: 'take' });
  });

  it('ignores an older epoch once it has seen a newer one', () => {
    const sequence = new PieceSequence(start);
    sequence.take(piece(1, 0, 10, 1));
    sequence.take(piece(2, 10, 10, 2));

    expect(sequence.take(piece(3, 20, 10, 1))).toEqual({ kind: 'ignore' });
    expect(sequence.take(piece(4, 20, 10, 2))).toMatchObject({ kind: 'take' });
  });

  it('forgets early pieces of an epoch that was superseded', () => {
    const sequence = new PieceSequence(start);
    sequence.take(piece(1, 20, 10, 1));

    sequence.take(piece(2, 0, 20, 2));

    expect(sequence.rewind()).toBeUndefined();
    expect(sequence.taken).toBe(20);
  });

  it('decides the same again when it starts at a restart position', () => {
    const pieces = [piece(1, 0), piece(2, 20), piece(3, 5, 10, 2), piece(4, 15, 5, 1), piece(5, 15, 10, 2)];
    const whole = new PieceSequence(start);
    const decisions = pieces.map((one) => whole.take(one));
    const third = decisions[2];
    if (third?.kind !== 'take') throw new Error('the third piece continues the first');

    const again = new PieceSequence(third.restart);
    const repeated = pieces.filter(({ sequence }) => sequence >= third.restart.sequence).map((one) => again.take(one));

    expect(repeated.slice(-3).map(({ kind }) => kind)).toEqual(decisions.slice(-3).map(({ kind }) => kind));
    expect(again.taken).toBe(whole.taken);
  });
});
