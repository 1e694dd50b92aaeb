import { describe, expect, it } from '@jest/globals';
import { Lanes, type Lane } from './lanes.ts';

const names = (lanes: readonly Lane[]) => lanes.map(({ subject }) => subject);
const many = Array.from({ length: 18 }, (_, index) => `set-${index}`);

describe('Lanes', () => {
  it('run each dataset once at a time', () => {
    const lanes = new Lanes();
    lanes.see(['a', 'b']);

    expect(names(lanes.begin(0))).toEqual(['a', 'b']);
    lanes.see(['a', 'b', 'c']);
    expect(names(lanes.begin(0))).toEqual(['c']);
  });

  it('give a free place to the dataset that had none for longest', () => {
    const lanes = new Lanes();
    lanes.see(many);
    const begun = lanes.begin(1);

    expect(names(begun)).toEqual(many.slice(0, 16));
    expect(lanes.isCrowded).toBe(true);
    for (const lane of begun.slice(0, 3)) lanes.end(lane, 2);
    expect(names(lanes.begin(3))).toEqual(['set-16', 'set-17', 'set-0']);
  });

  it('keep a failed dataset waiting, and no other', () => {
    const lanes = new Lanes();
    lanes.see(['a', 'b']);
    const [a, b] = lanes.begin(0) as [Lane, Lane];
    a.notBefore = 100;
    lanes.end(a, 10);
    lanes.end(b, 10);

    expect(names(lanes.begin(50))).toEqual(['b']);
    expect(lanes.isCrowded).toBe(false);
    expect(names(lanes.begin(100))).toEqual(['a']);
  });

  it('forget a dataset without events', () => {
    const lanes = new Lanes();
    lanes.see(['a']);
    lanes.see([]);

    expect(lanes.begin(0)).toEqual([]);
  });
});
