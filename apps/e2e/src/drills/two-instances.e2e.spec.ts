import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyportClient, oneOfThree, randomFrom, TestStack, until } from '@keyport/testing';
import { MongoClient } from 'mongodb';
import { CountsWatch } from './counts-watch.ts';
import type { DrillLine } from './dataset-model.ts';
import { ndjsonOf } from './drill-file.ts';
import { drillParameters } from './drill-parameters.ts';
import { report, say } from './drill.ts';
import {
  ExportsWatch,
  outcomeOf,
  RangeReader,
  ResumingDownloads,
  sha256Of,
  startExport,
  storeRecords,
  type FileAsked,
} from './export-drill.ts';
import { planKills, type Victim } from './kill-plan.ts';
import { killAsPlanned } from './killing.ts';

const rows = 200_000;
const services = ['gateway', 'auth', 'import', 'records', 'export'] as const;
const { seed } = drillParameters(process.env);

describe(`An import, and files, by two instances of each service (KEYPORT_DRILL_SEED=${seed})`, () => {
  let stack: TestStack;

  beforeAll(async () => {
    say(`The drill of two instances has the seed ${seed}: KEYPORT_DRILL_SEED=${seed} repeats it.`);
    stack = await TestStack.start({
      replicas: services.map((service) => `${service}=2`).join(','),
      env: { KEYPORT_IMPORT_LEASE_SECONDS: '3', KEYPORT_IMPORT_ANSWER_SECONDS: '3', EXPORT_LEASE_SECONDS: '3' },
    });
  });

  afterAll(() => stack?.stop());

  /** Imports into a dataset while everybody is killed; how many processes held the import, one after the other. */
  async function importByTwins(dataset: string, random: () => number): Promise<number> {
    const lines = Array.from({ length: rows }, (_, k): DrillLine =>
      random() < 0.01 ? 'bad' : { k, text: `row ${k}` },
    );
    const file = ndjsonOf(lines);
    const [, other = ''] = (await stack.describe()).gatewayUrls;
    const client = new KeyportClient(other, stack.owner.token);
    await client.putDataset(dataset);
    async function* parts() {
      yield file.subarray(0, file.length / 2);
      await stack.killOne('gateway', 0);
      yield file.subarray(file.length / 2);
    }

    const sealed = await client.import(dataset, 'application/x-ndjson', ReadableStream.from(parts()) as never);
    const before = (await stack.describe()).processes;
    const watch = new CountsWatch(client, sealed.body.id);
    // Whichever of the two holds the import, it is killed; of the others one goes on all the while.
    const victims = [
      ...(['auth', 'records', 'export'] as const).map((victim) => ({ victim, place: random() < 0.5 ? 0 : 1 })),
      ...[0, 1].map((place) => ({ victim: 'import' as const, place })),
    ];
    const kills = await killAsPlanned(planKills(victims, random), { stack, watch, rows });
    await until(() => watch.hasEnded, 'the end of the import', 300_000);

    const bad = lines.flatMap((line, index) => (typeof line === 'string' ? [index + 1] : []));
    report('two instances', watch, kills);
    expect([sealed.status, watch.faults]).toEqual([202, []]);
    expect(watch.last).toMatchObject({
      state: 'completed',
      counts: { read: rows, inserted: rows - bad.length, rejected: bad.length, updated: 0, unchanged: 0, skipped: 0 },
    });
    expect((await client.rejects(sealed.body.id)).map(({ row }) => row)).toEqual(bad);
    const stored = (await client.records<{ k: number }>(dataset)).map(({ k }) => k);
    expect(stored.filter((k, index) => index > 0 && k <= (stored[index - 1] ?? -1))).toEqual([]);
    expect(stored).toHaveLength(rows - bad.length);
    const after = (await stack.describe()).processes;
    for (const { victim, place } of kills) {
      const survivor = place === 0 ? 1 : 0;
      if (victim !== 'import') expect(after[victim][survivor]).toBe(before[victim][survivor]);
    }
    return timesTaken(stack, sealed.body.id);
  }

  it('goes on with one of each killed, and stores and counts every row once', async () => {
    const random = randomFrom(seed);
    let serial = 0;

    // It may be over before its holder is killed.
    const taken = await oneOfThree(
      () => importByTwins(`twins-${(serial += 1)}`, random),
      (times) => times > 1,
    );

    expect(taken).toBeGreaterThan(1);
  }, 1_200_000);

  it('writes files whose digests are those of undisturbed ones, whoever is killed, while others are downloaded', async () => {
    const random = randomFrom(seed);
    const { client } = stack;
    const files: readonly FileAsked[] = [
      { format: 'ndjson', compression: 'gzip' },
      { format: 'csv', compression: 'zstd' },
    ];
    await storeRecords(stack, 'files', rows, random);
    const undisturbed = [];
    for (const asked of files) undisturbed.push(await client.exported('files', { ...asked }));
    const took = undisturbed.map(
      ({ startedAt, finishedAt }) => Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? ''),
    );
    say(`  files: undisturbed in ${took.join(' and ')} ms`);
    const path = `/v1/exports/${undisturbed[0]?.id}/file`;
    const file = Buffer.from(await (await client.raw(path)).arrayBuffer());
    const reader = new RangeReader(client, path, file, random);
    const downloads = new ResumingDownloads(client, path);

    const met = new Set<Victim>();
    const victims = ['export', 'records', 'mongod', 'gateway', 'nats'] as const;
    const outcomes = [];
    // A file may be whole before its turn to meet everybody has come: then others are written.
    for (let round = 0; round < 8 && met.size < victims.length; round += 1) {
      const watch = new ExportsWatch(
        client,
        await Promise.all(files.map((asked) => startExport(client, 'files', asked))),
      );
      const plan = planKills(
        victims.map((victim) => ({ victim })),
        random,
        (victim) => !met.has(victim),
      );
      const kills = await killAsPlanned(plan, { stack, watch, rows: files.length * rows });
      outcomes.push(await watch.outcomes());
      for (const { victim, at, read } of kills) {
        say(`  files: ${victim} killed at row ${read}, ${watch.endedAt - at} ms before the end`);
        if (at < watch.endedAt) met.add(victim);
      }
    }
    await until(() => reader.exact > 0, 'a range to come whole', 300_000);
    await Promise.all([reader.stop(), downloads.stop()]);

    say(`  files: ${outcomes.length} rounds, ${reader.exact} ranges exact, ${reader.broken} broken off`);
    say(`  files: ${downloads.whole} downloads whole, ${downloads.resumed} times gone on with`);
    expect([...met].sort()).toEqual([...victims].sort());
    for (const outcome of outcomes) expect(outcome).toEqual(undisturbed.map(outcomeOf));
    expect(undisturbed.map(({ counts }) => counts.written)).toEqual([rows, rows]);
    expect(sha256Of(file)).toBe(undisturbed[0]?.digest);
    expect(reader.faults).toEqual([]);
    expect(reader.exact).toBeGreaterThan(0);
    expect([downloads.faults, [...downloads.digests]]).toEqual([[], [undisturbed[0]?.digest]]);
    expect(downloads.resumed).toBeGreaterThan(0);
  }, 1_200_000);
});

/** How many processes have held the import, one after the other. */
async function timesTaken(stack: TestStack, importId: string): Promise<number> {
  const mongo = await MongoClient.connect((await stack.describe()).mongodbUrl);
  const found = await mongo
    .db('import')
    .collection('imports')
    .findOne({ _id: importId as never });
  await mongo.close();
  return (found?.lease as { fence: number }).fence;
}
