import type { FirstByteRun } from '../measuring/first-byte-rounds.ts';
import { spreadOf } from '../measuring/statistics.ts';
import { floors, verdict } from './floors.ts';
import { markdownTable, type Column } from './table.ts';

const right = (title: string): Column => ({ title, align: 'right' });

/** How soon streams begin. */
export function firstByteTable(runs: readonly FirstByteRun[]): string {
  return markdownTable(
    [
      { title: 'first byte of a stream' },
      ...[right('times'), right('p50, ms'), right('max, ms'), right('p50 at most'), { title: '' }],
    ],
    runs.map(({ what, ms }) => {
      const { median, max } = spreadOf(ms);
      return [
        ...[what, String(ms.length), median.toFixed(1), max.toFixed(1), `${floors.firstByteMs} ms`],
        verdict(median <= floors.firstByteMs),
      ];
    }),
  );
}
