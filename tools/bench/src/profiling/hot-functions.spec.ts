import { describe, expect, it } from '@jest/globals';
import { hotFunctions } from './hot-functions.ts';

const node = (id: number, functionName: string, lineNumber: number, url = 'file:///main.js') => ({
  id,
  callFrame: { functionName, scriptId: '1', url, lineNumber, columnNumber: 0 },
});

describe('hotFunctions', () => {
  it('adds up what a function took itself, wherever it was called from', () => {
    const profile = {
      nodes: [node(1, '(idle)', -1, ''), node(2, 'parse', 9), node(3, 'parse', 9), node(4, 'write', 19)],
      ...{ startTime: 0, endTime: 10_000, samples: [1, 2, 3, 4], timeDeltas: [4000, 2000, 3000, 1000] },
    };

    expect(hotFunctions(profile, 2)).toEqual([
      { name: 'parse', place: 'file:///main.js:10:1', selfMs: 5, share: 0.5 },
      { name: '(idle)', place: '', selfMs: 4, share: 0.4 },
    ]);
  });
});
