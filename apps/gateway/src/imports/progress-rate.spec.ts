import { describe, expect, it } from '@jest/globals';
import type { Import } from '@keyport/contracts';
import { ProgressRate } from './progress-rate.ts';

const counts = { read: 0, inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0, skipped: 0 };

const importOf = (some: Partial<Import>, read = 0, processed = 0): Import => ({
  ...{
    id: '0123456789abcdef',
    dataset: 'orders',
    mode: 'insert',
    format: 'ndjson',
    dryRun: false,
    state: 'processing',
  },
  ...{ createdAt: '2026-11-24T10:00:00.000Z', startedAt: '2026-11-24T10:00:01.000Z', finishedAt: null },
  counts: { ...counts, read },
  bytes: { received: 100_000, processed },
  ...some,
});

describe('the rate of an import', () => {
  it('is not known before it was watched for a second', () => {
    const rate = new ProgressRate();

    expect(rate.after(importOf({}, 0, 0), 0)).toMatchObject({ rate: null, remainingSeconds: null });
    expect(rate.after(importOf({}, 500, 1_000), 500)).toMatchObject({ rate: null, remainingSeconds: null });
    expect(rate.after(importOf({}, 2_000, 20_000), 2_000)).toMatchObject({
      rate: { rowsPerSecond: 1_000, bytesPerSecond: 10_000 },
      remainingSeconds: 8,
    });
  });

  it('is that of the last ten seconds', () => {
    const rate = new ProgressRate();
    rate.after(importOf({}, 0, 0), 0);
    rate.after(importOf({}, 50_000, 50_000), 5_000);

    expect(rate.after(importOf({}, 51_000, 60_000), 15_000).rate).toEqual({
      rowsPerSecond: 100,
      bytesPerSecond: 1_000,
    });
  });

  it('says nothing of the time that remains while more of the file may come', () => {
    const rate = new ProgressRate();
    rate.after(importOf({ state: 'receiving' }, 0, 0), 0);

    const seen = rate.after(importOf({ state: 'receiving' }, 1_000, 1_000), 1_000);

    expect(seen).toMatchObject({ rate: { rowsPerSecond: 1_000 }, remainingSeconds: null });
  });

  it('is measured anew after a pause', () => {
    const rate = new ProgressRate();
    rate.after(importOf({}, 0, 0), 0);
    rate.after(importOf({ state: 'paused' }, 100, 100), 9_000);

    expect(rate.after(importOf({}, 2_100, 2_100), 10_000).rate).toEqual({
      rowsPerSecond: 2_000,
      bytesPerSecond: 2_000,
    });
  });

  it('is that of all its time once it has ended', () => {
    const ended = { state: 'completed', finishedAt: '2026-11-24T10:00:05.000Z' } as const;

    expect(new ProgressRate().after(importOf(ended, 4_000, 100_000), 0)).toMatchObject({
      rate: { rowsPerSecond: 1_000, bytesPerSecond: 25_000 },
      remainingSeconds: 0,
    });
    expect(new ProgressRate().after(importOf({ ...ended, state: 'cancelled' }), 0).remainingSeconds).toBeNull();
    expect(new ProgressRate().after(importOf({ ...ended, startedAt: null }), 0).rate).toBeNull();
  });

  it('says nothing of the time that remains while nothing moves', () => {
    const rate = new ProgressRate();
    rate.after(importOf({}, 10, 10), 0);

    expect(rate.after(importOf({}, 10, 10), 5_000)).toMatchObject({
      rate: { rowsPerSecond: 0, bytesPerSecond: 0 },
      remainingSeconds: null,
    });
  });
});
