import { summaryOf, type ProcessFigures } from '../measuring/process-watch.ts';
import type { EventRuns } from '../measuring/event-rounds.ts';
import type { FirstByteRun } from '../measuring/first-byte-rounds.ts';
import type { LatencyRun } from '../measuring/latency-rounds.ts';
import type { ProofRun } from '../measuring/proof-rounds.ts';
import { connections, requestSeconds, type RequestRun, type RequestRuns } from '../measuring/request-rounds.ts';
import type { Runs, TimedRun } from '../measuring/rounds.ts';
import { speedRatios, spreadOf } from '../measuring/statistics.ts';
import type { TokenRun } from '../measuring/token-rounds.ts';
import { floors, nodeProcesses, verdict } from './floors.ts';
import { markdownTable, type Column } from './table.ts';

/** What goes in and out as files; a part that was not chosen is missing. */
export interface FileFigures {
  readonly import?: Runs | undefined;
  readonly csv?: Runs | undefined;
  readonly export?: Runs | undefined;
  readonly csvExport?: Runs | undefined;
  /** Of files, compared with the stream of the bare script. */
  readonly file?: Runs | undefined;
  readonly firstBytes?: readonly FirstByteRun[] | undefined;
}

/** What one `npm run bench` found. */
export interface Figures extends FileFigures {
  /** With files several times as large: Keyport alone, once. */
  readonly scaled?: FileFigures;
  readonly me?: RequestRuns;
  readonly latency?: readonly LatencyRun[];
  readonly proofs?: readonly ProofRun[];
  readonly auth?: readonly TokenRun[];
  readonly events?: EventRuns;
}

/** In the order of the tables. */
const fileParts = [
  { part: 'import', name: 'NDJSON import', column: 'import', floor: floors.import },
  { part: 'csv', name: 'CSV import', column: 'CSV import', floor: floors.csvImport },
  { part: 'export', name: 'NDJSON export, streamed', column: 'export', floor: floors.export },
  { part: 'csvExport', name: 'CSV export, streamed', column: 'CSV export', floor: floors.csvExport },
  { part: 'file', name: 'NDJSON export, as a file', column: 'file export', floor: floors.fileExport },
] as const satisfies readonly {
  part: Exclude<keyof FileFigures, 'firstBytes'>;
  name: string;
  column: string;
  floor: number;
}[];

export const hasFiles = (figures: FileFigures): boolean => fileParts.some(({ part }) => figures[part] !== undefined);

const right = (title: string): Column => ({ title, align: 'right' });

/** `10.2 (9.8..11.0)`: the median and, of several rounds, the extremes. */
export function spreadText(values: readonly number[], digits: number): string {
  const { median, min, max } = spreadOf(values);
  const text = (value: number) => value.toFixed(digits);
  return values.length === 1 ? text(median) : `${text(median)} (${text(min)}..${text(max)})`;
}

export function throughputTable(figures: FileFigures): string {
  return markdownTable(
    [
      { title: 'part' },
      right('rows'),
      ...[right('Keyport, s'), right('rows/s'), right('MB/s'), right('bare script, s'), right('times its speed')],
      ...[right('floor'), { title: '' }],
    ],
    fileParts.flatMap(({ part, name, floor }) => {
      const runs = figures[part];
      return runs ? [throughputRow(name, runs, floor)] : [];
    }),
  );
}

function throughputRow(part: string, { keyport, bare }: Runs, floor: number): string[] {
  const seconds = spreadOf(secondsOf(keyport)).median;
  const rows = keyport[0]?.rows ?? 0;
  const ratios = speedRatios(secondsOf(keyport), secondsOf(bare));
  return [
    part,
    rows.toLocaleString('en'),
    spreadText(secondsOf(keyport), 2),
    Math.round(rows / seconds).toLocaleString('en'),
    ((keyport[0]?.bytes ?? 0) / 1e6 / seconds).toFixed(1),
    spreadText(secondsOf(bare), 2),
    spreadText(ratios, 2),
    floor.toFixed(1),
    verdict(spreadOf(ratios).median >= floor),
  ];
}

const secondsOf = (runs: readonly TimedRun[]) => runs.map(({ seconds }) => seconds);

/** Files several times as large, against those of the table above: how time grows with the rows. */
export function scalingTable({ scaled, ...figures }: Figures): string {
  return markdownTable(
    [
      { title: 'larger files, Keyport' },
      ...[right('rows'), right('s'), right('rows/s'), right('times the rows'), right('times the seconds')],
      ...[right('at most'), { title: '' }],
    ],
    fileParts.flatMap(({ part, name }) => {
      const [small, large] = [figures[part], scaled?.[part]];
      return small && large ? [scalingRow(name, small, large)] : [];
    }),
  );
}

function scalingRow(part: string, small: Runs, large: Runs): string[] {
  const [from, to] = [small, large].map(({ keyport }) => ({
    rows: keyport[0]?.rows ?? 0,
    seconds: spreadOf(secondsOf(keyport)).median,
  }));
  if (!from || !to) return [];
  const rows = to.rows / from.rows;
  const most = (rows * floors.tenTimesTheRows) / 10;
  const ratio = to.seconds / from.seconds;
  return [
    ...[
      part,
      to.rows.toLocaleString('en'),
      to.seconds.toFixed(2),
      Math.round(to.rows / to.seconds).toLocaleString('en'),
    ],
    ...[rows.toFixed(1), ratio.toFixed(2), most.toFixed(1), verdict(ratio <= most)],
  ];
}

/** `GET /v1/auth/me` of the three servers, and how Keyport compares with each round by round. */
export function requestTable({ keyport, fastify, classical }: RequestRuns): string {
  const rows = [
    requestRow('Keyport', keyport),
    comparedRow('bare Fastify route', keyport, fastify, floors.ofFastify),
    comparedRow('Express, passport-jwt, mongoose', keyport, classical, floors.ofClassical),
  ];
  return markdownTable(
    [
      { title: `GET /v1/auth/me, ${connections} connections, ${requestSeconds} s` },
      ...[right('requests/s'), right('p50, ms'), right('p99, ms'), right('CPU of its process a request, µs')],
      ...[right("times Keyport's requests/s"), right('floor'), { title: '' }],
    ],
    rows.filter((row) => row.length > 0),
  );
}

function requestRow(name: string, runs: readonly RequestRun[]): string[] {
  if (runs.length === 0) return [];
  return [
    name,
    spreadText(ratesOf(runs), 0),
    spreadText(
      runs.map(({ p50Ms }) => p50Ms),
      1,
    ),
    spreadText(
      runs.map(({ p99Ms }) => p99Ms),
      1,
    ),
    spreadText(
      runs.map(({ cpuMicros }) => cpuMicros),
      0,
    ),
  ];
}

function comparedRow(
  name: string,
  keyport: readonly RequestRun[],
  other: readonly RequestRun[],
  floor: number,
): string[] {
  if (other.length === 0) return [];
  // Rates instead of times: how many times as fast is the other way round.
  const ratios = speedRatios(ratesOf(other), ratesOf(keyport));
  const isReached = spreadOf(ratios).median >= floor;
  return [...requestRow(name, other), `Keyport ${spreadText(ratios, 2)}`, floor.toFixed(1), verdict(isReached)];
}

const ratesOf = (runs: readonly RequestRun[]) => runs.map(({ requestsPerSecond }) => requestsPerSecond);

/** What authentication adds to a request of the gateway. */
export function latencyTable(runs: readonly LatencyRun[]): string {
  const row = (name: string, of: (run: LatencyRun, part: 'p50Ms' | 'p99Ms') => number, isAdded = false) => {
    const [p50, p99] = (['p50Ms', 'p99Ms'] as const).map((part) => runs.map((run) => of(run, part)));
    const [p50Is, p99Is] = [
      spreadOf(p50 ?? []).median <= floors.addedP50Ms,
      spreadOf(p99 ?? []).median <= floors.addedP99Ms,
    ];
    const floor = isAdded ? [`${floors.addedP50Ms} and ${floors.addedP99Ms} ms`, verdict(p50Is && p99Is)] : ['', ''];
    return [name, spreadText(p50 ?? [], 3), spreadText(p99 ?? [], 3), ...floor];
  };
  const rate = Math.round(spreadOf(runs.map(({ offeredPerSecond }) => offeredPerSecond)).median);
  return markdownTable(
    [
      { title: `${connections} connections, ${rate} requests/s offered` },
      ...[right('p50, ms'), right('p99, ms'), right('at most'), { title: '' }],
    ],
    [
      row('GET /.well-known/jwks.json (public)', ({ open }, part) => open[part]),
      row('GET /v1/auth/me', ({ authenticated }, part) => authenticated[part]),
      row('added by authentication', ({ open, authenticated }, part) => authenticated[part] - open[part], true),
    ],
  );
}

/** Tokens seen for the first time, known ones, and known ones beside a flood of bad ones. */
export function tokenTable(runs: readonly TokenRun[]): string {
  const text = (of: (run: TokenRun) => number, digits = 0) => spreadText(runs.map(of), digits);
  return markdownTable(
    [
      { title: 'tokens' },
      right('requests/s'),
      right('CPU of the gateway a request, µs'),
      right('p50, ms'),
      right('p99, ms'),
    ],
    [
      ['valid, seen for the first time', text(({ first }) => first.perSecond), text(({ first }) => first.cpuMicros)],
      ['the same again', text(({ again }) => again.perSecond), text(({ again }) => again.cpuMicros)],
      ['difference', '', text(({ first, again }) => first.cpuMicros - again.cpuMicros)],
      ['one ES256 check with jose, nothing else', '', text(({ checkMicros }) => checkMicros)],
      ['invalid, no two alike, as fast as they are refused', text(({ flood }) => flood.refusedPerSecond)],
      [
        'a caller with a known token before',
        '',
        '',
        text(({ flood }) => flood.before.p50Ms, 2),
        text(({ flood }) => flood.before.p99Ms, 2),
      ],
      [
        'and during the flood',
        '',
        '',
        text(({ flood }) => flood.during.p50Ms, 2),
        text(({ flood }) => flood.during.p99Ms, 2),
      ],
      [
        'the valid ones again, after the flood',
        text(({ flood }) => flood.after.perSecond),
        text(({ flood }) => flood.after.cpuMicros),
      ],
    ],
  );
}

/** Peak memory and CPU time of each process in each part. */
export function processTable(figures: Figures): string {
  const parts = [
    ...fileParts.flatMap(({ part, column }) => partsOf(column, figures[part])),
    ...fileParts.flatMap(({ part, column }) => partsOf(`larger ${column}`, figures.scaled?.[part])),
    ...partsOf('events', figures.events),
    ...(figures.me ? mePartsOf(figures.me) : []),
  ];
  const names = [...new Set(parts.flatMap(({ processes }) => Object.keys(processes)))];
  const cell = (one: ProcessFigures | undefined) =>
    one ? `${one.peakMb.toFixed(0)} MB, ${one.cpuSeconds.toFixed(1)} s` : '';
  const boundsText = `${[...new Set(parts.map(({ memoryMb }) => memoryMb))].join(' and ')} MB`;
  const rows = names.map((name) => {
    const isOurs = nodeProcesses.some((own) => own === name);
    const floor = isOurs
      ? [boundsText, verdict(parts.every((part) => (part.processes[name]?.peakMb ?? 0) < part.memoryMb))]
      : ['', ''];
    return [name, ...parts.map(({ processes }) => cell(processes[name])), ...floor];
  });
  const cpuOf = (processes: Readonly<Record<string, ProcessFigures>>) =>
    Object.values(processes).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return markdownTable(
    [{ title: 'process' }, ...parts.map(({ part }) => right(part)), right('floor'), { title: '' }],
    [...rows, ['CPU of all', ...parts.map(({ processes }) => `${cpuOf(processes).toFixed(1)} s`)]],
  );
}

const partsOf = (part: string, runs: Pick<Runs, 'keyport' | 'bare'> | undefined) =>
  (['keyport', 'bare'] as const)
    .filter((side) => (runs?.[side].length ?? 0) > 0)
    .map((side) => ({
      part: side === 'bare' ? `bare ${part}` : part,
      memoryMb: floors.fileMemoryMb,
      processes: summaryOf((runs?.[side] ?? []).map(({ processes }) => processes)),
    }));

const mePartsOf = (runs: RequestRuns) =>
  (['keyport', 'fastify', 'classical'] as const)
    .filter((side) => runs[side].length > 0)
    .map((side) => ({
      part: side === 'keyport' ? 'me' : `me, ${side}`,
      memoryMb: floors.memoryMb,
      processes: summaryOf(runs[side].map(({ processes }) => processes)),
    }));
