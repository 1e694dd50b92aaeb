import { describe, expect, it } from '@jest/globals';
import type { TimedRun } from '../measuring/rounds.ts';
import { eventsTable } from './events-table.ts';

const run = (seconds: number, rows = 100_000): TimedRun => ({ seconds, rows, bytes: 1, processes: {} });

describe('eventsTable', () => {
  it('gives the rates, compares with the bare script and holds Keyport to its floor', () => {
    const lines = eventsTable({ keyport: [run(10), run(5)], bare: [run(5), run(5)], alone: [run(10, 5_000)] }).split(
      '\n',
    );

    expect(lines[2]).toMatch(
      /100,000 \| +7\.50 \(5\.00\.\.10\.00\) \| 15000 \(10000\.\.20000\) \|.*5000\/s \| reached/,
    );
    expect(lines[3]).toMatch(/5\.00 .* 20000 .* 0\.75 \(0\.50\.\.1\.00\)/);
    expect(lines[4]).toMatch(/5,000 \| +10\.00 \| +500 \|/);
  });

  it('says where the floor is not reached, and shows Keyport alone in a profile', () => {
    const table = eventsTable({ keyport: [run(21)], bare: [], alone: [] });

    expect(table).toContain('**not reached**');
    expect(table.split('\n')).toHaveLength(3);
  });
});
