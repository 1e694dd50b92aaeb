import { describe, expect, it } from '@jest/globals';
import type { TimedRun } from '../measuring/rounds.ts';
import {
  latencyTable,
  processTable,
  requestTable,
  scalingTable,
  spreadText,
  throughputTable,
} from './result-tables.ts';

const run = (seconds: number, peakMb = 100): TimedRun => ({
  seconds,
  rows: 1_000_000,
  bytes: 350_000_000,
  processes: { import: { peakMb, cpuSeconds: seconds / 2 }, mongod: { peakMb: 900, cpuSeconds: 8 } },
});

describe('spreadText', () => {
  it('names the extremes only where there were several rounds', () => {
    expect([spreadText([10.25], 1), spreadText([9, 12, 10], 0)]).toEqual(['10.3', '10 (9..12)']);
  });
});

describe('throughputTable', () => {
  it('takes the ratio pair by pair, so that it is not the ratio of the medians', () => {
    const runs = { keyport: [run(10), run(20), run(30)], bare: [run(10), run(40), run(15)] };

    const line = throughputTable({ import: runs }).split('\n')[2];

    expect(line).toMatch(
      /1,000,000 \| 20\.00 \(10\.00\.\.30\.00\) \| +50,000 \| 17\.5 \| .* 1\.00 \(0\.50\.\.2\.00\) \| +0\.8 \| reached/,
    );
  });

  it('says where a floor is not reached', () => {
    const runs = { keyport: [run(20)], bare: [run(19)] };

    expect(throughputTable({ export: runs })).toContain('**not reached**');
  });
});

describe('scalingTable', () => {
  const larger = (seconds: number) => ({ keyport: [{ ...run(seconds), rows: 10_000_000 }], bare: [] });

  it.each([
    [210, '10.50', 'reached'],
    [211, '10.55', '**not reached**'],
  ])('holds %s s for ten times the rows of 20 s to the bound', (seconds, times, verdict) => {
    const table = scalingTable({ csv: { keyport: [run(20)], bare: [] }, scaled: { csv: larger(seconds) } });

    expect(table.split('\n')[2]).toMatch(/^\| CSV import +\| 10,000,000 \|/);
    expect(table).toContain(`| ${times} |`.replace('| ', ''));
    expect(table).toContain(verdict);
  });
});

describe('requestTable', () => {
  const rate = (requestsPerSecond: number) => ({ requestsPerSecond, p50Ms: 3, p99Ms: 9, cpuMicros: 40, processes: {} });

  it('gives rates and latencies, and compares round by round', () => {
    const lines = requestTable({
      keyport: [rate(20_000), rate(30_000)],
      fastify: [rate(40_000), rate(40_000)],
      classical: [rate(2_500), rate(2_500)],
    }).split('\n');

    expect(lines[2]).toMatch(/Keyport +\| 25000 \(20000\.\.30000\) \| 3\.0 /);
    expect(lines[3]).toMatch(/Keyport 0\.63 \(0\.50\.\.0\.75\) \| +0\.6 \| reached/);
    expect(lines[4]).toMatch(/Keyport 10\.00 \(8\.00\.\.12\.00\) \| +10\.0 \| reached/);
  });

  it('says where a floor is not reached, and shows Keyport alone in a profile', () => {
    const runs = { keyport: [rate(20_000)], fastify: [rate(40_000)], classical: [] };

    expect(requestTable(runs)).toContain('**not reached**');
    expect(requestTable({ ...runs, fastify: [] }).split('\n')).toHaveLength(3);
  });
});

describe('latencyTable', () => {
  const run = (p50Ms: number, p99Ms: number) => ({
    offeredPerSecond: 5000,
    open: { requestsPerSecond: 5000, p50Ms: 0.2, p99Ms: 1 },
    authenticated: { requestsPerSecond: 5000, p50Ms, p99Ms },
  });

  it.each([
    { p50Ms: 0.45, p99Ms: 2.5, verdict: '| reached' },
    { p50Ms: 0.55, p99Ms: 2.5, verdict: '**not reached**' },
    { p50Ms: 0.45, p99Ms: 3.5, verdict: '**not reached**' },
  ])('takes the difference of $p50Ms and $p99Ms ms as $verdict', ({ p50Ms, p99Ms, verdict }) => {
    expect(latencyTable([run(p50Ms, p99Ms)]).split('\n')[4]).toContain(verdict);
  });
});

describe('processTable', () => {
  it('holds our processes to the floor by their worst part, and mongod to none', () => {
    const table = processTable({
      import: { keyport: [run(10, 255), run(10, 257)], bare: [] },
      export: { keyport: [run(10, 120)], bare: [] },
    });

    expect(table).toMatch(/import +\| 257 MB, 5\.0 s \| 120 MB, 5\.0 s \| 256 MB \| \*\*not reached\*\*/);
    expect(table).toMatch(/CPU of all \| +13\.0 s \| +13\.0 s \|/);
    expect(table).toMatch(/mongod +\| 900 MB, 8\.0 s \| 900 MB, 8\.0 s \| +\| +\|/);
  });
});
