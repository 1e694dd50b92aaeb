import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeMode, type WriteMode } from '@keyport/contracts';
import { orderNdjson, TestStack } from '@keyport/testing';
import { DatasetModel, differences, type Verdict } from './dataset-model.ts';
import { drillImport, say, storedRows, type Drill, type DrillOutcome } from './drill.ts';
import { drillParameters } from './drill-parameters.ts';
import { ExportsUnderFire } from './exports-under-fire.ts';
import { victims } from './kill-plan.ts';

const rows = 200_000;
const modes = writeMode.options;
/** Of one import: several times what it takes on a machine that others use too. */
const drillTimeoutMs = 600_000;
const { seed, seconds } = drillParameters(process.env);
/** A process that was killed while it held an import is missed sooner than by default, to get more kills into the time. */
const env = { KEYPORT_IMPORT_LEASE_SECONDS: '3', KEYPORT_IMPORT_ANSWER_SECONDS: '3' };

describe(`Imports of 200,000 rows while everything is killed in turn (KEYPORT_DRILL_SEED=${seed})`, () => {
  let stack: TestStack;
  let drill: Drill;
  let startedAt = 0;
  const turnMs = Math.min(22_000, (seconds * 1_000) / modes.length);
  const hasMetAll = () => new Set(kills.map(({ victim }) => victim)).size === victims.length;
  const timeLeftMs = () => startedAt + seconds * 1_000 - Date.now();
  const kills: DrillOutcome['kills'][number][] = [];

  beforeAll(async () => {
    say(`The import drill has the seed ${seed}: KEYPORT_DRILL_SEED=${seed} repeats it.`);
    stack = await TestStack.start({ env });
    await stack.client.putDataset('still');
    await stack.client.imported('still', 'application/x-ndjson', Buffer.concat([...orderNdjson(20_000, seed)]));
    drill = await newRound(0);
    startedAt = Date.now();
  });

  afterAll(() => stack?.stop());

  async function newRound(round: number): Promise<Drill> {
    const { client } = stack;
    const dataset = `drill-${round}`;
    await client.putDataset(dataset, { key: ['k'] });
    const exports = drill?.exports ?? (await ExportsUnderFire.of(client, 'still'));
    return { stack, client, dataset, model: new DatasetModel(), exports, rows };
  }

  async function expectExact(id: string, counts: unknown, verdict: Verdict): Promise<void> {
    expect(counts).toEqual(verdict.counts);
    const rejects = await drill.client.rejects(id);
    expect(rejects.map(({ row, code }) => ({ row, code }))).toEqual(verdict.rejects);
  }

  async function runDrill(mode: WriteMode, number: number): Promise<void> {
    const breaksUpload = (['sent afresh', 'resumed'] as const)[(seed + number) % modes.length];
    const killUntil = Date.now() + Math.max(turnMs, timeLeftMs() - turnMs * Math.max(0, modes.length - 1 - number));
    const met = new Set(kills.map(({ victim }) => victim));
    const outcome = await drillImport(drill, { mode, seed: seed + number, met, killUntil, breaksUpload });

    const { ended, broken } = outcome;
    kills.push(...outcome.kills);
    expect(outcome.faults).toEqual([]);
    expect(ended.state).toBe('completed');
    await expectExact(ended.id, ended.counts, outcome.verdict);
    if (broken) await expectExact(broken.ended.id, broken.ended.counts, broken.verdict);
    expect(differences(drill.model, await storedRows(drill))).toEqual([]);
  }

  it.each(modes.map((mode, number) => [mode, number] as const))(
    'mode %s leaves what a plain model has, and counts every row once',
    runDrill,
    drillTimeoutMs,
  );

  it(
    `goes on like that until ${seconds} seconds are over, and everybody was met`,
    async () => {
      // However slow the machine is: at most two more rounds.
      const isToMeet = (number: number) => number < 3 * modes.length && !hasMetAll();
      for (let number = modes.length; timeLeftMs() > turnMs || isToMeet(number); number += 1) {
        if (number % modes.length === 0) drill = await newRound(number / modes.length);
        await runDrill(modes[number % modes.length] as WriteMode, number);
      }
    },
    seconds * 1_000 + 2 * modes.length * drillTimeoutMs,
  );

  it('met each of the services and servers in the middle of an import', () => {
    expect(new Set(kills.map(({ victim }) => victim))).toEqual(new Set(victims));
  });

  it('left every file exact that was being exported when its writer was killed', async () => {
    const outcomes = await drill.exports.outcomes();

    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter((outcome) => outcome !== 'exact')).toEqual([]);
  }, 600_000);
});
