import type { EventRuns } from '../measuring/event-rounds.ts';
import type { TimedRun } from '../measuring/rounds.ts';
import { speedRatios, spreadOf } from '../measuring/statistics.ts';
import { floors, verdict } from './floors.ts';
import { spreadText } from './result-tables.ts';
import { markdownTable } from './table.ts';

/** From publishing the first event until the dataset holds all. */
export function eventsTable({ keyport, bare, alone }: EventRuns): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const median = spreadOf(ratesOf(keyport)).median;
  const row = (name: string, runs: readonly TimedRun[]) => [
    name,
    (runs[0]?.rows ?? 0).toLocaleString('en'),
    spreadText(
      runs.map(({ seconds }) => seconds),
      2,
    ),
    spreadText(ratesOf(runs), 0),
  ];
  const ratios = bare.length === 0 ? '' : spreadText(speedRatios(secondsOf(keyport), secondsOf(bare)), 2);
  return markdownTable(
    [
      { title: 'events' },
      right('events'),
      right('s'),
      right('events/s'),
      right('times its speed'),
      right('floor'),
      { title: '' },
    ],
    [
      [
        ...row('Keyport, 500 published together', keyport),
        '',
        `${floors.eventsPerSecond}/s`,
        verdict(median >= floors.eventsPerSecond),
      ],
      ...(bare.length > 0 ? [[...row('bare consumer and bulkWrite', bare), ratios]] : []),
      ...(alone.length > 0 ? [row('Keyport, published one by one: a flush to disk each', alone)] : []),
    ],
  );
}

const secondsOf = (runs: readonly TimedRun[]) => runs.map(({ seconds }) => seconds);
const ratesOf = (runs: readonly TimedRun[]) => runs.map(({ rows, seconds }) => rows / seconds);
