import type { Machine } from '../reporting/machine.ts';
import { markdownTable, type Column } from '../reporting/table.ts';
import type { Versions } from '../reporting/versions.ts';
import type { RevocationParameters } from './parameters.ts';
import { quantilesOf } from './quantiles.ts';
import type { EntriesFigures } from './run-revocation.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const count = (value: number) => value.toLocaleString('en');
const milliseconds = (value: number) => value.toFixed(1);

/** Time until a revoked key is refused. */
export function delayTable(figures: readonly EntriesFigures[]): string {
  const columns = ['times', 'min, ms', 'p50', 'p90', 'p99', 'max'].map(right);
  const rows = figures.flatMap(({ entries, times }) => {
    const row = (what: string, values: readonly number[]) => {
      const { count: number, min, p50, p90, p99, max } = quantilesOf(values);
      return [what, count(entries), count(number), ...[min, p50, p90, p99, max].map(milliseconds)];
    };
    return [
      row('until a gateway refuses', times.untilRefused),
      row('until all of them refuse', times.untilAllRefuse),
      row('the DELETE itself', times.calls),
    ];
  });
  return markdownTable([{ title: 'time' }, right('revocations before'), ...columns], rows);
}

/** What the entries cost. */
export function entriesTable(figures: readonly EntriesFigures[]): string {
  const columns = [
    ...['auth starts, s', 'auth, MB', 'peak', 'gateway starts, s', 'gateway, MB', 'peak'],
    'emptied bucket whole again, s',
  ].map(right);
  const rows = figures.map(({ entries, auth, gateway, rebuildSeconds }) => [
    count(entries),
    ...[auth, gateway].flatMap(({ seconds, residentMb, peakMb }) => [
      seconds.toFixed(1),
      residentMb.toFixed(0),
      peakMb.toFixed(0),
    ]),
    rebuildSeconds.toFixed(1),
  ]);
  return markdownTable([right('revocations'), ...columns], rows);
}

export interface Conditions {
  readonly parameters: RevocationParameters;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly date: Date;
}

/** The section of docs/benchmarks.md. */
export function revocationSection(figures: readonly EntriesFigures[], conditions: Conditions): string {
  const { parameters, machine, versions, date } = conditions;
  const { rounds, gateways, entries } = parameters;
  const { cpu, cores, memoryGb, kernel, load } = machine;
  const polls = figures.reduce((sum, { times }) => sum + times.polls, 0);
  return [
    '## Revocation',
    `Written by \`npx nx run bench:revocation\` on ${date.toISOString().slice(0, 10)}; run it again instead of editing this section.`,
    delayTable(figures),
    entriesTable(figures),
    [
      `- ${gateways} gateways, one process of each other service, mongod and nats-server, and the tool itself share one machine. ${count(rounds)} keys, one after the other: each is minted, seen to work at every gateway, then revoked with \`DELETE /v1/keys/{id}\` at a random one while every gateway is asked \`GET /v1/auth/me\` with it without a pause over a connection of its own (${count(polls)} requests). Time is from before the DELETE is sent until the first refusal was received, so that it holds the time of both calls.`,
      '- The revocations before are stored in auth’s database as it would store them. Starts are from SIGKILL until the launcher’s new process answers (auth: a request through the gateway; gateway: `/health/ready`): in that time each has read all entries. auth compares them with MongoDB before it answers where they are few, and a minute later where they are many. Memory is resident memory (10^6 bytes) three seconds later, and its peak until then. The emptied bucket is a purge of the KV stream by an administrator; until it is whole again nothing that is revoked passes, and no gateway that starts is ready.',
    ].join('\n'),
    `${cpu}, ${cores} cores, ${memoryGb.toFixed(1)} GB; ${kernel}; load before the start ${load.toFixed(2)}; ${versions
      .slice(0, 4)
      .map((pair) => pair.join(' '))
      .join('; ')}.`,
    `\`\`\`sh\nnpx nx run bench:revocation -- --rounds ${rounds} --gateways ${gateways} --entries ${entries}\n\`\`\``,
  ].join('\n\n');
}
