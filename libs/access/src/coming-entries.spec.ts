import { describe, expect, it } from '@jest/globals';
import { ComingEntries } from './coming-entries.ts';

const entry = (from: number) => ({ before: null, expiresAt: 100, from });

describe('ComingEntries', () => {
  it('gives each entry once, when its moment has come', () => {
    const coming = new ComingEntries();
    coming.put('a', entry(10));
    coming.put('b', entry(20));

    expect(coming.takeDue(9)).toEqual([]);
    expect(coming.takeDue(10).map(([key]) => key)).toEqual(['a']);
    expect(coming.takeDue(30).map(([key]) => key)).toEqual(['b']);
    expect(coming.takeDue(30)).toEqual([]);
  });

  it('gives nothing that was removed, or that a reading of the whole bucket has not shown', () => {
    const coming = new ComingEntries();
    for (const key of ['removed', 'gone', 'kept']) coming.put(key, entry(10));
    coming.remove('removed');

    coming.beginReading();
    coming.put('kept', entry(10));
    coming.endReading();

    expect(coming.takeDue(10).map(([key]) => key)).toEqual(['kept']);
  });
});
