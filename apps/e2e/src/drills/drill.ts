import type { Import, WriteMode } from '@keyport/contracts';
import { randomFrom, until, type KeyportClient, type TestStack } from '@keyport/testing';
import { CountsWatch } from './counts-watch.ts';
import { DatasetModel, type DrillLine, type DrillRow, type Verdict } from './dataset-model.ts';
import { drillLines, ndjsonOf } from './drill-file.ts';
import type { ExportsUnderFire } from './exports-under-fire.ts';
import { planKills, victims, type Victim } from './kill-plan.ts';
import { killAsPlanned, metRunning, type Kill } from './killing.ts';
import { cancel, receivingIn, send, sendBroken, type KeyedSent, type Sent } from './sending.ts';

export interface Drill {
  readonly stack: TestStack;
  readonly client: KeyportClient;
  readonly dataset: string;
  readonly model: DatasetModel;
  readonly exports: ExportsUnderFire;
  readonly rows: number;
}

export interface DrillOutcome {
  readonly ended: Import;
  readonly verdict: Verdict;
  /** Of the import whose upload broke off, where one did. */
  readonly broken: { readonly ended: Import; readonly verdict: Verdict } | undefined;
  readonly kills: readonly Kill[];
  /** Counts that were read on the way and were not right. */
  readonly faults: readonly unknown[];
}

export interface DrillOptions {
  readonly mode: WriteMode;
  readonly seed: number;
  /** Who has been killed in the middle of an import before, and therefore comes last. */
  readonly met: ReadonlySet<Victim>;
  /** Nobody is killed behind this. */
  readonly killUntil: number;
  /**
   * Kills the gateway in the middle of the upload. The same file is then sent again: to an import of its own, or with
   * the same Idempotency-Key, which goes on with the first.
   */
  readonly breaksUpload: 'sent afresh' | 'resumed' | undefined;
}

/** One import with everybody killed once while it runs, and what must have come of it. */
export async function drillImport(
  drill: Drill,
  { mode, seed, met, killUntil, breaksUpload }: DrillOptions,
): Promise<DrillOutcome> {
  const { stack, client, dataset, model, exports, rows } = drill;
  const random = randomFrom(seed);
  const lines = drillLines(mode, rows, random);
  const file = ndjsonOf(lines);
  // Services that were killed a moment ago may not be back yet: so it is known what another try means.
  const sent: KeyedSent = { client, dataset, mode, idempotencyKey: `drill ${seed}` };
  const brokenOff: Sent = breaksUpload === 'resumed' ? sent : { client, dataset, mode };
  const first = breaksUpload && (await breakUpload(drill, brokenOff, file, random));
  const broken = first && breaksUpload === 'sent afresh' ? await endBroken(drill, sent, first, lines) : undefined;
  const verdict = model.apply(mode, lines);
  const sealed = await send(sent, file);
  if (breaksUpload === 'resumed' && sealed.id !== first?.id) throw new Error('the file was sent to another import');
  const watch = new CountsWatch(client, sealed.id);
  const kills = await killAsPlanned(
    planKills(
      victims.map((victim) => ({ victim })),
      random,
      (victim) => !met.has(victim),
    ),
    {
      ...{ stack, watch, rows, killUntil },
      onKill: (victim) => victim === 'export' && exports.start(),
    },
  );
  await until(() => watch.hasEnded, `the end of the import (${mode}, ${JSON.stringify(watch.last)})`, 300_000);
  await watch.stop();
  const ended = watch.last as Import;
  report(mode, watch, kills);
  return { ended, verdict, broken, kills: metRunning(kills, ended.finishedAt), faults: watch.faults };
}

/** Sends a file until the gateway, and somebody else, is killed in its middle; gives the import that it was sent to. */
async function breakUpload({ stack }: Drill, sent: Sent, file: Buffer, random: () => number): Promise<Import> {
  const others = victims.filter((victim) => victim !== 'gateway' && victim !== 'export');
  const other = others[Math.floor(random() * others.length)] as Victim;
  await sendBroken(sent, file, async () => {
    await until(
      async () => (await receivingIn(sent)).some(({ counts }) => counts.read > 0),
      'rows of the upload to be counted',
    );
    await Promise.all([stack.kill(other), stack.kill('gateway')]);
  });
  say(`  ${sent.mode}: the upload broke off with gateway and ${other} killed`);
  const [broken] = await receivingIn(sent);
  if (!broken) throw new Error('there is no import that the upload broke off of');
  return broken;
}

/** Its counts say how many rows of the file the dataset holds. */
async function endBroken({ model }: Drill, sent: Sent, broken: Import, lines: readonly DrillLine[]) {
  const ended = await cancel(sent, broken.id);
  say(`  ${sent.mode}: ${ended.counts.read} rows of it were counted`);
  return { ended, verdict: model.apply(sent.mode, lines.slice(0, ended.counts.read)) };
}

/** When everybody was killed, and how long no rows were counted then. */
export function report(what: string, watch: CountsWatch, kills: readonly Kill[]): void {
  const { createdAt = '', finishedAt } = watch.last ?? {};
  const startedAt = Date.parse(createdAt);
  const seconds = (ms: number | undefined) => (ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`);
  const took = seconds(Date.parse(finishedAt ?? '') - startedAt);
  const each = kills.map(
    ({ victim, at, read }) =>
      `${victim} after ${seconds(at - startedAt)} at row ${read}, held up for ${seconds(watch.stallMs(at))}`,
  );
  say([`  ${what}: ${took}, ${watch.readings.length} readings`, ...each].join('\n    '));
}

export const say = (line: string) => process.stderr.write(`${line}\n`);

/** All records of a dataset, with their keys. */
export const storedRows = ({ client, dataset }: Drill): Promise<DrillRow[]> => client.records<DrillRow>(dataset);
