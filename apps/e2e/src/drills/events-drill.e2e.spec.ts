import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { datasetDeleted, exportCompleted, importCompleted, keyRevoked, publishedEvents } from '@keyport/contracts';
import { randomFrom, TestStack, until } from '@keyport/testing';
import { Commotion } from './commotion.ts';
import { say } from './drill.ts';
import { drillParameters } from './drill-parameters.ts';
import { StackDatabases } from './stored-truth.ts';
import { faultsOf } from './told-faults.ts';
import { toldEvents } from './told-events.ts';

const { seed, seconds } = drillParameters(process.env, 40);
const victims = ['import', 'records', 'export', 'auth', 'nats', 'mongod'] as const;
/** What a killed process held goes on sooner than by default. */
const env = {
  ...{ KEYPORT_IMPORT_LEASE_SECONDS: '3', KEYPORT_IMPORT_ANSWER_SECONDS: '3', EXPORT_LEASE_SECONDS: '3' },
  // An upload that a kill broke off ends here too.
  ...{ KEYPORT_UPLOAD_IDLE_SECONDS: '2', KEYPORT_UPLOAD_EXPIRES_SECONDS: '8' },
  KEYPORT_EXPORTS_UNFINISHED_PER_HOLDER: '1000',
};

describe(`What the world is told while everything is killed in turn (KEYPORT_DRILL_SEED=${seed})`, () => {
  let stack: TestStack;
  let databases: StackDatabases;

  beforeAll(async () => {
    say(`The drill of events has the seed ${seed}: KEYPORT_DRILL_SEED=${seed} repeats it.`);
    stack = await TestStack.start({ env });
    databases = await StackDatabases.of((await stack.describe()).mongodbUrl);
    for (const name of ['drill-a', 'drill-b', 'drill-c']) await stack.client.putDataset(name, { key: ['k'] });
  });

  afterAll(async () => {
    await databases?.close();
    await stack?.stop();
  });

  /** Each in turn, in an order of its own each round; some before the one before is back. */
  async function killInTurn(random: () => number): Promise<string[]> {
    const killed: string[] = [];
    const replaced: Promise<void>[] = [];
    for (const end = Date.now() + seconds * 1_000; Date.now() < end;) {
      for (const victim of [...victims].sort(() => random() - 0.5)) {
        if (Date.now() > end && killed.length >= victims.length) break;
        killed.push(victim);
        const back = stack.kill(victim);
        replaced.push(back);
        if (random() < 0.25) continue;
        await back;
        // Time for something to happen.
        await delay(500 + random() * 3_000);
      }
    }
    await Promise.all(replaced);
    return killed;
  }

  it(
    'is what happened, each at least once and in order for one entity, and nothing else',
    async () => {
      const commotion = new Commotion(stack.client, randomFrom(seed + 1));

      commotion.start();
      await until(() => commotion.hasDoneAll, 'each thing to be done once', 300_000);
      const killed = await killInTurn(randomFrom(seed));
      await commotion.end();
      const isAtRest = async () => {
        const { imports, exports } = await databases.truth();
        const runs = (state: string) => ['receiving', 'processing', 'queued', 'running'].includes(state);
        const isRunning = [...imports, ...exports].some(({ state }) => runs(state));
        return !isRunning && !imports.some(({ undo }) => undo?.state === 'running');
      };
      // Who was killed last may not answer yet.
      await until(() => isAtRest().catch(() => false), 'all jobs to end', 300_000);
      const isTold = async () => (await databases.untold()) === 0;
      await until(() => isTold().catch(() => false), 'all events to be told', 300_000);
      const truth = await databases.truth();
      const events = await toldEvents((await stack.describe()).natsUrls['admin-auth']);

      const byType = Object.entries(Object.groupBy(events, ({ type }) => type)).map(
        ([type, all]) => `${all?.length} ${type}`,
      );
      say(
        `killed ${killed.join(', ')}; did ${[...commotion.done].map(([what, times]) => `${times} ${what}`).join(', ')}`,
      );
      say(`told ${byType.join(', ')}`);
      expect(new Set(killed)).toEqual(new Set(victims));
      expect(faultsOf(events, truth)).toEqual([]);
      // The comparison notices what it is there for.
      expect(faultsOf(events.toReversed(), truth)).not.toEqual([]);
      for (const type of [importCompleted.type, exportCompleted.type, keyRevoked.type, datasetDeleted.type]) {
        const lost = events.findLast((event) => event.type === type);
        expect(
          faultsOf(
            events.filter((event) => event !== lost),
            truth,
          ),
        ).not.toEqual([]);
      }
      const told = new Set(events.map(({ type }) => type));
      const never = new Set(['keyport.import.failed', 'keyport.export.failed', 'keyport.export.expired']);
      const expected = Object.values(publishedEvents).flatMap((all) => all.map(({ type }) => type));
      expect(expected.filter((type) => !told.has(type) && !never.has(type))).toEqual([]);
    },
    (seconds + 1_000) * 1_000,
  );
});
