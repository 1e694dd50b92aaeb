import { summaryOf, type ProcessFigures } from '../measuring/process-watch.ts';
import { connections, requestSeconds, type RequestRun } from '../measuring/request-rounds.ts';
import type { Runs, TimedRun } from '../measuring/rounds.ts';
import { speedRatios, spreadOf } from '../measuring/statistics.ts';
import { floors, nodeProcesses, verdict } from './floors.ts';
import { markdownTable, type Column } from './table.ts';

/** What one `npm run bench` found; a part that was not chosen is missing. */
export interface Figures {
  readonly rows: number;
  readonly import?: Runs;
  readonly export?: Runs;
  readonly me?: readonly RequestRun[];
}

const right = (title: string): Column => ({ title, align: 'right' });

/** `10.2 (9.8..11.0)`: the median and, of several rounds, the extremes. */
export function spreadText(values: readonly number[], digits: number): string {
  const { median, min, max } = spreadOf(values);
  const text = (value: number) => value.toFixed(digits);
  return values.length === 1 ? text(median) : `${text(median)} (${text(min)}..${text(max)})`;
}

export function throughputTable({ rows, import: imports, export: exports }: Figures): string {
  return markdownTable(
    [
      { title: 'part' },
      ...[right('Keyport, s'), right('rows/s'), right('MB/s'), right('bare script, s'), right('times its speed')],
      ...[right('floor'), { title: '' }],
    ],
    [
      ...(imports ? [throughputRow('NDJSON import', imports, rows, floors.import)] : []),
      ...(exports ? [throughputRow('NDJSON export, streamed', exports, rows, floors.export)] : []),
    ],
  );
}

function throughputRow(part: string, { keyport, bare }: Runs, rows: number, floor: number): string[] {
  const secondsOf = (runs: readonly TimedRun[]) => runs.map(({ seconds }) => seconds);
  const seconds = spreadOf(secondsOf(keyport)).median;
  const ratios = speedRatios(secondsOf(keyport), secondsOf(bare));
  return [
    part,
    spreadText(secondsOf(keyport), 2),
    Math.round(rows / seconds).toLocaleString('en'),
    ((keyport[0]?.bytes ?? 0) / 1e6 / seconds).toFixed(1),
    spreadText(secondsOf(bare), 2),
    spreadText(ratios, 2),
    floor.toFixed(1),
    verdict(spreadOf(ratios).median >= floor),
  ];
}

export function requestTable(runs: readonly RequestRun[]): string {
  return markdownTable(
    [{ title: 'call' }, right('requests/s'), right('p50, ms'), right('p99, ms')],
    [
      [
        `GET /v1/auth/me, ${connections} connections, ${requestSeconds} s`,
        ...[
          spreadText(
            runs.map(({ requestsPerSecond }) => requestsPerSecond),
            0,
          ),
        ],
        ...[
          spreadText(
            runs.map(({ p50Ms }) => p50Ms),
            1,
          ),
          spreadText(
            runs.map(({ p99Ms }) => p99Ms),
            1,
          ),
        ],
      ],
    ],
  );
}

/** Peak memory and CPU time of each process in each part. */
export function processTable(figures: Figures): string {
  const parts = [
    ...partsOf('import', figures.import),
    ...partsOf('export', figures.export),
    ...(figures.me ? [{ part: 'me', processes: summaryOf(figures.me.map(({ processes }) => processes)) }] : []),
  ];
  const names = [...new Set(parts.flatMap(({ processes }) => Object.keys(processes)))];
  const cell = (one: ProcessFigures | undefined) =>
    one ? `${one.peakMb.toFixed(0)} MB, ${one.cpuSeconds.toFixed(1)} s` : '';
  const rows = names.map((name) => {
    const peakMb = Math.max(...parts.map(({ processes }) => processes[name]?.peakMb ?? 0));
    const isOurs = nodeProcesses.some((own) => own === name);
    const floor = isOurs ? [`${floors.memoryMb} MB`, verdict(peakMb < floors.memoryMb)] : ['', ''];
    return [name, ...parts.map(({ processes }) => cell(processes[name])), ...floor];
  });
  const cpuOf = (processes: Readonly<Record<string, ProcessFigures>>) =>
    Object.values(processes).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return markdownTable(
    [{ title: 'process' }, ...parts.map(({ part }) => right(part)), right('floor'), { title: '' }],
    [...rows, ['CPU of all', ...parts.map(({ processes }) => `${cpuOf(processes).toFixed(1)} s`)]],
  );
}

const partsOf = (part: string, runs: Runs | undefined) =>
  (['keyport', 'bare'] as const)
    .filter((side) => (runs?.[side].length ?? 0) > 0)
    .map((side) => ({
      part: side === 'bare' ? `bare ${part}` : part,
      processes: summaryOf((runs?.[side] ?? []).map(({ processes }) => processes)),
    }));
