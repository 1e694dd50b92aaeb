import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PagesAhead } from './pages-ahead.ts';
import type { ScannedPage } from './scanned-page.ts';

const key = { datasetId: 'd', maxBytes: 100, fields: ['a'] };
const page = { count: 1 } as ScannedPage;
const cursor = (name: string) => Buffer.from(name);

let ahead: PagesAhead;
let reads: string[];

beforeEach(() => {
  jest.useFakeTimers();
  ahead = new PagesAhead();
  reads = [];
});

afterEach(() => void jest.useRealTimers());

function begin(name: string, read = () => Promise.resolve(page)): void {
  ahead.begin(cursor(name), key, () => {
    reads.push(name);
    return read();
  });
}

/** Each page is begun, and nobody comes for it in time. */
function missPages(count: number): void {
  for (let index = 0; index < count; index += 1) {
    begin(`missed ${index}`);
    jest.advanceTimersByTime(1_000);
  }
}

describe('a page that is read ahead', () => {
  it('is given once, to who has its cursor', async () => {
    begin('a');

    expect(ahead.take(cursor('b'), key)).toBeUndefined();
    expect(await ahead.take(cursor('a'), key)).toBe(page);
    expect(ahead.take(cursor('a'), key)).toBeUndefined();
  });

  it.each([{ datasetId: 'e' }, { maxBytes: 99 }, { fields: undefined }, { fields: ['a', 'b'] }])(
    'is given to nobody who asks for something else: %j',
    (other) => {
      begin('a');

      expect(ahead.take(cursor('a'), { ...key, ...other })).toBeUndefined();
      expect(ahead.take(cursor('a'), key)).toBeUndefined();
    },
  );

  it('is forgotten where nobody comes', () => {
    begin('a');

    jest.advanceTimersByTime(1_000);

    expect(ahead.take(cursor('a'), key)).toBeUndefined();
  });

  it('fails for who comes for it, and for nobody else', async () => {
    begin('a', () => Promise.reject(new Error('no server')));
    begin('b', () => Promise.reject(new Error('no server')));
    jest.advanceTimersByTime(10);

    await expect(ahead.take(cursor('a'), key)).rejects.toThrow('no server');
  });
});

describe('pages that are read ahead', () => {
  it('are two at once', () => {
    for (const name of ['a', 'b', 'c']) begin(name);
    void ahead.take(cursor('a'), key);
    begin('d');

    expect(reads).toEqual(['a', 'b', 'd']);
  });

  it('become few where nobody comes for them, and more again once somebody does', () => {
    missPages(4);
    reads = [];

    missPages(64);
    expect(reads).toHaveLength(2);

    for (let index = 0; index < 32; index += 1) begin('tried');
    void ahead.take(cursor('tried'), key);
    reads = [];
    begin('a');
    expect(reads).toEqual(['a']);
  });

  it.each([
    ['go on being read where two of three are asked for', 3, 100],
    ['become few where every second one is, since another process answers in turns', 2, 20],
  ])('%s', (_, missedEvery, most) => {
    for (let index = 1; index <= 100; index += 1) {
      if (index % missedEvery === 0) missPages(1);
      else begin(`taken ${index}`);
      void ahead.take(cursor(`taken ${index}`), key);
    }

    expect(reads.length).toBeLessThanOrEqual(most);
    expect(reads.length).toBeGreaterThan(most / 2);
  });
});
