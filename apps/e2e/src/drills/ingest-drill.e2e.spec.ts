import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeadLetter } from '@keyport/contracts';
import { randomFrom, TestStack } from '@keyport/testing';
import { BusPublisher } from '../bus-publisher.ts';
import { say } from './drill.ts';
import { drillParameters } from './drill-parameters.ts';
import { EventFire } from './event-fire.ts';
import type { Victim } from './kill-plan.ts';

const victims = ['import', 'records', 'nats', 'mongod', 'auth'] as const satisfies readonly Victim[];
const publishers = 3;
const { seed, seconds } = drillParameters(process.env, 45);
const dataset = 'drilled';

describe(`Events that are published while everything is killed in turn (KEYPORT_DRILL_SEED=${seed})`, () => {
  let stack: TestStack;
  let bus: BusPublisher;
  let fires: EventFire[] = [];
  const kills: Victim[] = [];

  beforeAll(async () => {
    say(`The ingest drill has the seed ${seed}: KEYPORT_DRILL_SEED=${seed} repeats it.`);
    stack = await TestStack.start({ env: { KEYPORT_IMPORT_LEASE_SECONDS: '3' } });
    await stack.client.putDataset(dataset, {
      key: ['k'],
      schema: { properties: { k: { type: 'integer' }, v: { type: 'integer' } } },
    });
    bus = await BusPublisher.on(stack, 5_000);
    const random = randomFrom(seed);
    fires = Array.from({ length: publishers }, (_, number) => new EventFire(bus, dataset, number, random));
  });

  afterAll(async () => {
    await bus?.close();
    await stack?.stop();
  });

  /** Each once in a random order, over and over: some while the one before has not come back for long. */
  async function killUntil(isOver: () => boolean): Promise<void> {
    const random = randomFrom(seed + 1);
    for (let round: Victim[] = []; !isOver();) {
      if (round.length === 0)
        round = victims
          .map((victim) => ({ victim, rank: random() }))
          .sort((one, other) => one.rank - other.rank)
          .map(({ victim }) => victim);
      await delay(300 + random() * 2_200);
      const victim = round.shift() as Victim;
      kills.push(victim);
      await stack.kill(victim);
    }
  }

  it(
    'leave what a plain model has: each once, in the order of its key',
    async () => {
      const startedAt = Date.now();
      // However slow the machine is, each is killed once.
      const isOver = () => Date.now() - startedAt > seconds * 1_000 && kills.length >= victims.length;

      await Promise.all([killUntil(isOver), ...fires.map((fire) => fire.until(isOver))]);
      await bus.nothingPending(300_000);

      const published = fires.reduce((sum, fire) => sum + fire.published, 0);
      const retried = fires.reduce((sum, fire) => sum + fire.retried, 0);
      say(`  ${published} events, ${retried} publishings done again, killed: ${kills.join(', ')}`);
      const stored = await stack.client.records<{ _id: unknown; k: number }>(dataset);
      const expected = fires.flatMap(({ records }) => [...records.values()]);
      const byKey = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
      expect(byKey(stored.map(({ _id, ...record }) => record))).toEqual(byKey(expected));
      expect(new Set(kills)).toEqual(new Set(victims));
      expect(published).toBeGreaterThan(1_000);
      expect(retried).toBeGreaterThan(0);
    },
    seconds * 1_000 + 600_000,
  );

  it('are dead letters where they are bad: each one letter, with its reason', async () => {
    const found: DeadLetter[] = [];
    for (let next: string | null = ''; next !== null;) {
      const cursor = next === '' ? '' : `&cursor=${next}`;
      const path = `/v1/dead-letters?dataset=${dataset}&limit=1000${cursor}`;
      const page: { items: DeadLetter[]; next: string | null } = await stack.client.ok(path);
      found.push(...page.items);
      next = page.next;
    }

    const expected = fires.flatMap(({ deadLetters }) => [...deadLetters]);
    expect(found.map(({ source, eventId, code }) => [`${source} ${eventId}`, code]).sort()).toEqual(expected.sort());
    expect(expected.length).toBeGreaterThan(10);
  });
});
