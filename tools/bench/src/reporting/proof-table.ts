import { requestsEach, type ProofRun, type ProofSide } from '../measuring/proof-rounds.ts';
import { connections } from '../measuring/request-rounds.ts';
import { speedRatios } from '../measuring/statistics.ts';
import { spreadText } from './result-tables.ts';
import { markdownTable } from './table.ts';

/** What a proof of possession costs a request, against the same one without. */
export function proofTable(runs: readonly ProofRun[]): string {
  const row = (name: string, side: keyof ProofRun) => {
    const text = (of: (figures: ProofSide) => number) =>
      spreadText(
        runs.map((run) => of(run[side])),
        0,
      );
    return [
      name,
      text(({ perSecond }) => perSecond),
      text(({ gatewayMicros }) => gatewayMicros),
      text(({ natsMicros }) => natsMicros),
    ];
  };
  const rates = (side: keyof ProofRun) => runs.map((run) => run[side].perSecond);
  // Rates instead of times: how many times as fast is the other way round.
  const ratios = speedRatios(rates('bearer'), rates('dpop'));
  return markdownTable(
    [
      { title: `GET /v1/auth/me, ${connections} connections, ${requestsEach.toLocaleString('en')} requests` },
      ...(['requests/s', 'CPU of the gateway a request, µs', 'of nats-server, µs', 'times the speed'] as const).map(
        (title) => ({ title, align: 'right' as const }),
      ),
    ],
    [
      row('a token that is bound to nothing', 'bearer'),
      [...row('a bound one, with a proof', 'dpop'), spreadText(ratios, 2)],
    ],
  );
}
