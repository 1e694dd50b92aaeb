import { describe, expect, it } from '@jest/globals';
import type { Export } from '@keyport/contracts';
import { exportTeller, hasEnded } from './export-progress.ts';

const exportWith = (change: Partial<Export>): Export => ({
  ...{
    id: '0123456789abcdef',
    dataset: 'orders',
    format: 'ndjson',
    compression: 'none',
    state: 'running',
    counts: { written: 0 },
    bytes: 0,
  },
  ...{ createdAt: '2026-11-24T10:00:00.000Z', startedAt: '2026-11-24T10:00:00.000Z', finishedAt: null },
  ...{ digest: null, since: null, expiresAt: null },
  ...change,
});
const written = (rows: number) => exportWith({ counts: { written: rows }, bytes: rows * 100 });

describe('what is told of an export', () => {
  it('is how fast it was over the time that it was watched', () => {
    const tell = exportTeller();

    expect(tell(written(0), 0).rate).toBeNull();
    expect(tell(written(400), 500).rate).toBeNull();
    expect(tell(written(1_000), 2_000)).toEqual({
      export: written(1_000),
      rate: { rowsPerSecond: 500, bytesPerSecond: 50_000 },
    });
  });

  it('is, once it has ended, how fast it was altogether', () => {
    const ended = { ...written(3_000), state: 'completed' as const, finishedAt: '2026-11-24T10:00:03.000Z' };

    expect(exportTeller()(ended, 0).rate).toEqual({ rowsPerSecond: 1_000, bytesPerSecond: 100_000 });
  });

  it.each([
    ['queued', false],
    ['running', false],
    ['completed', true],
    ['failed', true],
    ['cancelled', true],
    ['expired', true],
  ] as const)('of one that is %s is the last: %s', (state, isLast) => {
    expect(hasEnded(exportWith({ state }))).toBe(isLast);
  });
});
