import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  discardDeadLetter,
  discardDeadLetters,
  getDeadLetter,
  listDeadLetters,
  putDataset,
  replayDeadLetter,
  replayDeadLetters,
  summarizeDeadLetters,
} from '@keyport/contracts';
import type { ServiceProcess, Who } from '@keyport/testing';
import { headers } from '@nats-io/transport-node';
import { EventPublisher } from '../harness/event-publisher.ts';
import { ImportSystem } from '../harness/import-system.ts';

const MiB = 1024 * 1024;
const keptLetters = 30;

let system: ImportSystem;
let events: EventPublisher;
let service: ServiceProcess;

const start = () =>
  system.startImport({
    ...{ KEYPORT_IMPORT_LEASE_SECONDS: '2', KEYPORT_DEAD_LETTERS_KEPT: `${keptLetters}` },
    KEYPORT_INGEST_EVENTS: '100',
  });

beforeAll(async () => {
  system = await ImportSystem.start();
  events = await EventPublisher.on(system.servers);
  service = await start();
});

afterAll(() => system.stop());

const strict = { schema: { properties: { qty: { type: 'integer' } }, required: ['qty'] } };
const letters = async (dataset?: string) => (await system.ask(listDeadLetters, { dataset, limit: 1000 })).items;
const stored = async (dataset: string) =>
  (await system.collection(dataset)).find({}, { projection: { _id: 0 } }).toArray();

describe('an event that cannot be written', () => {
  it('is a dead letter with its reason, and the events around it are written', async () => {
    const dataset = await system.dataset({ ...strict, key: ['code'] });
    const subject = `ingest.v1.${dataset}`;

    await events.upsert(dataset, { code: 'A', qty: 1 });
    await events.raw(subject, 'not json');
    await events.raw(subject, '{"specversion":"1.0"}');
    const violating = await events.upsert(dataset, { code: 'B', qty: 'many' }, { subject: 'B' });
    await events.upsert(dataset, { code: 'B', qty: 1 }, { type: 'shop.order.placed' });
    await events.upsert(dataset, { qty: 1 });
    await events.upsert(dataset, [1]);
    await events.upsert(dataset, { code: 'C', qty: 1, 'a.b': 1 });
    await events.delete(dataset, 'A', { subject: undefined });
    await events.upsert(dataset, { code: 'D', qty: 2 });
    await events.nothingPending();

    expect(await stored(dataset)).toEqual([
      { code: 'A', qty: 1 },
      { code: 'D', qty: 2 },
    ]);
    const found = await letters(dataset);
    expect(found.map(({ code, path }) => [code, path])).toEqual([
      ['EVENT_NOT_JSON', undefined],
      ['EVENT_NOT_VALID', 'id'],
      ['TYPE_MISMATCH', 'qty'],
      ['EVENT_TYPE_UNKNOWN', 'type'],
      ['MISSING_KEY', 'code'],
      ['NOT_AN_OBJECT', undefined],
      ['INVALID_FIELD_NAME', 'a.b'],
      ['MISSING_KEY', 'code'],
    ]);
    expect(found[2]).toMatchObject({
      ...{ dataset, subject, source: '/shop', eventId: violating, type: 'keyport.record.upserted', eventSubject: 'B' },
      ...{ deliveries: 1, replays: 0, complete: true },
    });
    const whole = await system.ask(getDeadLetter, { deadLetterId: found[2]?.id ?? '' });
    expect(JSON.parse(whole.raw)).toMatchObject({ id: violating, data: { code: 'B', qty: 'many' } });
  });

  it('is one where its dataset is not there, or its subject names none', async () => {
    await events.upsert('nowhere', { qty: 1 });
    await events.raw('ingest.v1.Nowhere', '{}');
    await events.upsert('Nowhere', { qty: 1 });
    await events.nothingPending();

    expect(await letters('nowhere')).toMatchObject([{ dataset: 'nowhere', code: 'DATASET_NOT_FOUND' }]);
    expect((await letters()).filter(({ dataset }) => dataset === null)).toMatchObject([
      { subject: 'ingest.v1.Nowhere', code: 'EVENT_NOT_VALID' },
      { subject: 'ingest.v1.Nowhere', code: 'EVENT_DATASET_INVALID' },
    ]);
  });

  it('is refused at once by the server where the subject is longer than a dataset', async () => {
    await expect(events.raw('ingest.v1.orders.more', '{}')).rejects.toThrow();
  });

  it('is one where it, or its record, is too large; of an event that is none its beginning is kept', async () => {
    const dataset = await system.dataset({ key: ['code'] });
    await events.upsert(dataset, { code: 'A', text: 'x'.repeat(4 * MiB) });
    await events.upsert(dataset, { code: 'B', text: 'x'.repeat(5 * MiB) });
    await events.upsert(dataset, { code: 'C' });
    await events.nothingPending();

    const found = await letters(dataset);

    expect(found).toMatchObject([
      { code: 'ROW_TOO_LARGE', complete: true },
      { code: 'EVENT_TOO_LARGE', complete: false },
    ]);
    expect(await stored(dataset)).toEqual([{ code: 'C' }]);
    const [first, second] = found.map(({ id }) => id) as [string, string];
    expect(await system.ask(getDeadLetter, { deadLetterId: first })).toMatchObject({ rawComplete: false });
    await expect(system.ask(replayDeadLetter, { deadLetterId: second })).rejects.toMatchObject({
      code: 'DEAD_LETTER_CUT',
    });
  });

  it('is one letter however often it is published, and counted each time', async () => {
    const dataset = await system.dataset(strict);
    for (let time = 0; time < 3; time += 1) await events.upsert(dataset, { qty: 'many' }, { id: 'same' });
    await events.nothingPending();

    expect(await letters(dataset)).toMatchObject([{ eventId: 'same', deliveries: 3 }]);
    expect((await system.ask(summarizeDeadLetters, { dataset })).items).toEqual([
      {
        ...{ subject: `ingest.v1.${dataset}`, dataset, refused: 3, notKept: 0, kept: 1 },
        codes: [{ code: 'TYPE_MISMATCH', count: 3 }],
      },
    ]);
  });

  it('is not taken for the end of what there is, whatever status line it was published with', async () => {
    const dataset = await system.dataset({ key: ['code'] });
    const subject = `ingest.v1.${dataset}`;
    const spoofed = headers(204, 'EOB');
    spoofed.set('Nats-Sequence', '999999');

    await events.raw(subject, '', { headers: spoofed });
    await events.raw(subject, '', { headers: headers(404, 'Message Not Found') });
    await events.upsert(dataset, { code: 'A' });
    await events.nothingPending();

    expect(await stored(dataset)).toEqual([{ code: 'A' }]);
    expect(await letters(dataset)).toMatchObject([{ code: 'EVENT_NOT_JSON' }, { code: 'EVENT_NOT_JSON' }]);
  });
});

describe('a flood of events', () => {
  it('that cannot be written fills nothing: counts go on, letters end at the limit', async () => {
    const [flooded, other] = [await system.dataset(strict), await system.dataset(strict)];
    for (let number = 0; number < 90; number += 1) await events.upsert(flooded, { qty: 'many' });
    await events.upsert(other, { qty: 'many' });
    await events.nothingPending();

    const { items } = await system.ask(summarizeDeadLetters, { dataset: flooded });

    expect(items).toMatchObject([{ refused: 90, notKept: 90 - keptLetters, kept: keptLetters }]);
    expect(await letters(other)).toHaveLength(1);
  });

  it('is refused to its publisher before it is stored, and no other publisher is', async () => {
    const [flooded, other] = [await system.dataset(), await system.dataset()];
    await service.end('SIGKILL');

    const outcomes: string[] = [];
    for (let number = 0; number < 105; number += 1) {
      outcomes.push(
        await events.upsert(flooded, { number }).then(
          () => 'taken',
          (error: Error) => error.message,
        ),
      );
    }
    await events.upsert(other, { number: 1 });
    service = await start();
    await events.nothingPending();

    expect(outcomes.slice(0, 100).filter((outcome) => outcome !== 'taken')).toEqual([]);
    expect(new Set(outcomes.slice(100))).toEqual(new Set(['maximum messages per subject exceeded']));
    expect(await system.count(flooded)).toBe(100);
    expect(await system.count(other)).toBe(1);
  });
});

describe('a dead letter', () => {
  it('is written by a replay once its cause is gone, once however often that is asked', async () => {
    const dataset = await system.dataset({ ...strict, key: ['code'] });
    await events.upsert(dataset, { code: 'A', qty: 'many' });
    await events.nothingPending();
    const [letter] = await letters(dataset);
    const deadLetterId = letter?.id ?? '';
    const copy = await system.mongodb
      .db('import')
      .collection('deadLetters')
      .findOne({ _id: deadLetterId as never });

    const early = system.ask(replayDeadLetter, { deadLetterId });
    await expect(early).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', params: { code: 'TYPE_MISMATCH' } });
    expect(await letters(dataset)).toMatchObject([{ replays: 1 }]);
    await system.ask(putDataset, { name: dataset, key: ['code'], schema: null });
    const replayed = await system.ask(replayDeadLetter, { deadLetterId });
    await (await system.collection(dataset)).updateOne({ code: 'A' }, { $set: { qty: 'changed since' } });
    // As a process leaves it that was killed behind the write.
    await system.mongodb
      .db('import')
      .collection('deadLetters')
      .insertOne(copy as never);
    const repeated = await system.ask(replayDeadLetter, { deadLetterId });

    expect(replayed).toEqual({ outcome: 'written' });
    expect(repeated).toEqual({ outcome: 'repeated' });
    expect(await stored(dataset)).toEqual([{ code: 'A', qty: 'changed since' }]);
    expect(await letters(dataset)).toEqual([]);
    await expect(system.ask(replayDeadLetter, { deadLetterId })).rejects.toMatchObject({
      code: 'DEAD_LETTER_NOT_FOUND',
    });
  });

  it('that a unique index made is refused again for as long as it stands in the way', async () => {
    const dataset = await system.dataset({ key: ['code'], indexes: [{ fields: ['email'], unique: true }] });
    await events.upsert(dataset, { code: 'A', email: 'x' });
    const refused = await events.upsert(dataset, { code: 'B', email: 'x' });
    // In one batch with the next it would be overtaken, as the rows of an import are.
    await events.nothingPending();
    await events.upsert(dataset, { code: 'B', email: 'y' });
    await events.nothingPending();
    const [letter] = await letters(dataset);
    const deadLetterId = letter?.id ?? '';

    await expect(system.ask(replayDeadLetter, { deadLetterId })).rejects.toMatchObject({
      params: { code: 'DUPLICATE_KEY' },
    });
    await events.delete(dataset, 'A');
    await events.nothingPending();
    // Published again with its own name it stays refused: newer events of its key may have been written since.
    await events.upsert(dataset, { code: 'B', email: 'x' }, { id: refused });
    await events.nothingPending();
    const before = await stored(dataset);
    const replayed = await system.ask(replayDeadLetter, { deadLetterId });

    expect(letter).toMatchObject({ code: 'DUPLICATE_KEY', path: 'email' });
    expect(before).toEqual([{ code: 'B', email: 'y' }]);
    expect(replayed).toEqual({ outcome: 'written' });
    expect(await stored(dataset)).toEqual([{ code: 'B', email: 'x' }]);
  });

  it('goes with others of its dataset by one replay, or is discarded', async () => {
    const dataset = `late-${Date.now() % 1000}`;
    for (let number = 0; number < 5; number += 1) await events.upsert(dataset, { number }, { subject: `${number}` });
    await events.raw(`ingest.v1.${dataset}`, 'not json');
    await events.raw(`ingest.v1.${dataset}`, 'not json either');
    await events.nothingPending();
    const [first, ...rest] = await letters(dataset);
    await system.ask(putDataset, { name: dataset });

    await system.ask(discardDeadLetter, { deadLetterId: first?.id ?? '' });
    const replayed = await system.ask(replayDeadLetters, { dataset });
    const left = await letters(dataset);
    const discarded = await system.ask(discardDeadLetters, { dataset, code: 'EVENT_NOT_JSON' });

    expect(rest).toHaveLength(6);
    expect(replayed).toEqual({ written: 4, repeated: 0, refused: 2, more: false });
    expect(left).toMatchObject([{ replays: 1 }, { replays: 1 }]);
    expect(discarded).toEqual({ discarded: 2 });
    expect(await system.count(dataset)).toBe(4);
  });

  it('is shown to who may read all of its dataset, and acted on by who may update its events', async () => {
    const dataset = await system.dataset(strict);
    await events.upsert(dataset, { qty: 'many' });
    await events.nothingPending();
    const deadLetterId = (await letters(dataset))[0]?.id ?? '';
    const detail = { type: 'keyport_dataset' as const, datasets: [dataset], actions: ['events:*'] };
    const reader: Who = { sub: 'r', scope: `events:read:${dataset}` };
    const limited: Who = { sub: 'l', scope: '*', authorization_details: [{ ...detail, fields: ['qty'] }] };
    const filtered: Who = { sub: 'f', scope: '*', authorization_details: [{ ...detail, filter: { qty: 1 } }] };
    const elsewhere: Who = { sub: 'e', scope: 'events:*:other records:*:*' };

    for (const who of [limited, filtered, elsewhere]) {
      expect((await system.ask(listDeadLetters, {}, who)).items).toEqual([]);
      expect((await system.ask(summarizeDeadLetters, {}, who)).items).toEqual([]);
      const notThere = { code: 'DEAD_LETTER_NOT_FOUND' };
      await expect(system.ask(getDeadLetter, { deadLetterId }, who)).rejects.toMatchObject(notThere);
      await expect(system.ask(replayDeadLetter, { deadLetterId }, who)).rejects.toMatchObject(notThere);
      await expect(system.ask(discardDeadLetter, { deadLetterId }, who)).rejects.toMatchObject(notThere);
      const refused = { code: 'INSUFFICIENT_SCOPE' };
      await expect(system.ask(replayDeadLetters, { dataset }, who)).rejects.toMatchObject(refused);
      await expect(system.ask(discardDeadLetters, { dataset }, who)).rejects.toMatchObject(refused);
    }
    expect((await system.ask(listDeadLetters, {}, reader)).items).toMatchObject([{ id: deadLetterId }]);
    expect(await system.ask(getDeadLetter, { deadLetterId }, reader)).toMatchObject({ id: deadLetterId });
    await expect(system.ask(discardDeadLetter, { deadLetterId }, reader)).rejects.toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
    });
    const whole: Who = { sub: 'w', scope: '*', authorization_details: [detail] };
    expect((await system.ask(listDeadLetters, {}, whole)).items).toMatchObject([{ id: deadLetterId }]);
    await system.ask(discardDeadLetter, { deadLetterId }, { sub: 'u', scope: `events:update:${dataset}` });
    expect(await letters(dataset)).toEqual([]);
  });
});
