import { describe, expect, it } from '@jest/globals';
import { SpoolTrail } from './spool-trail.ts';

const start = { sequence: 3, offset: 100, epoch: 1 };
const at = (sequence: number, offset: number) => ({ sequence, offset, epoch: 1 });

describe('SpoolTrail', () => {
  it('names the piece that holds the offset', () => {
    const trail = new SpoolTrail(start);
    for (const [sequence, offset] of [
      [3, 100],
      [4, 200],
      [5, 300],
    ] as const) {
      trail.add({ decoded: offset, restart: at(sequence, offset) });
    }

    expect(trail.restartFor(150)).toEqual(at(3, 100));
    expect(trail.restartFor(200)).toEqual(at(4, 200));
    expect(trail.restartFor(299)).toEqual(at(4, 200));
    expect(trail.restartFor(900)).toEqual(at(5, 300));
  });

  it('stays at the start where nothing was read yet', () => {
    expect(new SpoolTrail(start).restartFor(500)).toEqual(start);
  });
});
