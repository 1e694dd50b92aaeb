import { describe, expect, it } from '@jest/globals';
import { comparable, elementsOf, firstElement } from '@keyport/mongo';
import { BSON } from 'bson';
import fc from 'fast-check';
import { readRow, isRejection } from './chunk.ts';
import type { RejectionLimit, WriteMode } from '@keyport/contracts';
import type { StoredRow } from './stored-row.ts';
import { identifying } from './pending-chunk.ts';
import { noCounts, type Operation, type WriteReply } from './plan.ts';
import { classifyWithin } from './rejection-limit.ts';

/** A record: `_id`, two fields that may be a key or matched on, and a value. */
interface Row {
  readonly _id: number;
  readonly k?: number;
  readonly m: number;
  readonly v: number;
}

interface Case {
  readonly mode: WriteMode;
  readonly key: 'k' | null;
  /** What a row matches on, but for an insert. */
  readonly match: '_id' | 'k' | 'm';
}

const small = fc.integer({ min: 0, max: 3 });
const rowArbitrary: fc.Arbitrary<Row> = fc.record(
  { _id: fc.integer({ min: 0, max: 6 }), k: small, m: small, v: fc.integer({ min: 0, max: 1 }) },
  { requiredKeys: ['_id', 'm', 'v'] },
);
const caseArbitrary: fc.Arbitrary<Case> = fc.record({
  mode: fc.constantFrom('insert', 'upsert', 'replace', 'merge', 'delete'),
  key: fc.constantFrom('k', null),
  match: fc.constantFrom('_id', 'k', 'm'),
});
const chunksArbitrary = fc.array(fc.array(rowArbitrary, { maxLength: 8 }), { minLength: 1, maxLength: 4 });

/** What the rows do when each is written alone, in plain objects. */
function applyOneByOne(stored: Row[], rows: readonly Row[], { mode, key, match }: Case): WriteReply {
  const reply: WriteReply = { ...noCounts, rejected: [] };
  rows.forEach((row, index) => {
    const reject = (code: string, path: string) =>
      reply.rejected.push({ index, code, path, message: expect.any(String) as never });
    const wanted = mode === 'insert' ? null : match;
    const needed = mode === 'merge' || mode === 'delete' ? [wanted] : [key, wanted];
    const missing = needed.find((field) => field !== null && row[field] === undefined);
    if (missing) return reject('MISSING_KEY', missing);
    const matching = stored.filter((record) => wanted !== null && record[wanted] === row[wanted]);
    const target = matching.sort((one, other) => one._id - other._id)[0];
    const others = stored.filter((record) => record !== target);
    if (!target && (mode === 'replace' || mode === 'delete')) {
      reply.skipped += 1;
      return;
    }
    if (target && mode === 'delete') {
      stored.splice(stored.indexOf(target), 1);
      reply.deleted += 1;
      return;
    }
    const after = mode === 'merge' ? { ...target, ...row } : row;
    if (key && after[key] === undefined) return reject('MISSING_KEY', key);
    if (!target && others.some(({ _id }) => _id === row._id)) return reject('DUPLICATE_KEY', '_id');
    if (key && others.some((record) => record[key] === after[key])) return reject('DUPLICATE_KEY', key);
    if (!target) {
      stored.push(row);
      reply.inserted += 1;
      return;
    }
    const content = { ...after, _id: target._id };
    if (JSON.stringify(content) === JSON.stringify({ ...target })) {
      reply.unchanged += 1;
      return;
    }
    stored[stored.indexOf(target)] = content;
    reply.updated += 1;
  });
  return reply;
}

/** Runs statements as MongoDB would, refusing what its unique indexes refuse. */
function run(stored: Row[], operations: readonly Operation[], key: 'k' | null): void {
  for (const { kind, document } of operations) {
    const row = BSON.deserialize(document) as Row;
    const at = stored.findIndex(({ _id }) => _id === row._id);
    if ((kind === 'insert') !== at < 0) throw new Error(`${kind} of _id ${row._id}`);
    if (kind === 'delete') {
      stored.splice(at, 1);
      continue;
    }
    if (key && stored.some((record, index) => index !== at && record[key] === row[key]))
      throw new Error(`duplicate ${row[key]}`);
    if (at < 0) stored.push(row);
    else stored[at] = row;
  }
}

/** As the repository reads what is stored: in `_id` order, with what can match and whole bodies. */
function storedRows(stored: readonly Row[], { mode, key, match }: Case): StoredRow[] {
  return [...stored]
    .sort((one, other) => one._id - other._id)
    .map((row) => {
      const document = Buffer.from(BSON.serialize(row));
      const id = firstElement(document);
      if (!id) throw new Error('no _id');
      const text = (name: string) => {
        const element = elementsOf(document).find(
          ({ bytes, start, nameEnd }) => bytes.toString('utf8', start + 1, nameEnd) === name,
        );
        return comparable(element);
      };
      return {
        id: comparable(id),
        key: key && text(key),
        match: mode === 'insert' ? null : text(match),
        isOverlaid: false,
        idBytes: document.subarray(id.start, id.end),
        body: document.subarray(id.end, -1),
      };
    });
}

function classifyRows(stored: readonly Row[], rows: readonly Row[], the: Case, limit?: RejectionLimit) {
  const by = identifying({ mode: the.mode, key: [the.match] }, the.key && [the.key]);
  const { key, match } = by;
  const identities = rows.map((row, index) => readRow(Buffer.from(BSON.serialize(row)), 0, index, by));
  const rejected = new Map(identities.flatMap((one) => (isRejection(one) ? [[one.index, one] as const] : [])));
  const chunkRows = identities.flatMap((one) => (isRejection(one) ? [] : [one]));
  const keepsOrder = match !== null && key !== null && match !== key;
  return classifyWithin(
    limit,
    chunkRows,
    storedRows(stored, the),
    { mode: the.mode, by: { key, match }, keyFields: key?.names ?? [], keepsOrder },
    rejected,
  );
}

const inIdOrder = (rows: readonly Row[]) => [...rows].sort((one, other) => one._id - other._id);

/** Rows, and before some of them rows that the asker refused: how many documents come before one too many. */
function stopByWalking(isRejected: readonly boolean[], { max, refusedBefore }: RejectionLimit): number | undefined {
  let rejected = 0;
  for (let index = 0; index <= isRejected.length; index += 1) {
    rejected += refusedBefore.filter((at) => at === index).length;
    if (rejected > max) return index;
    if (isRejected[index]) rejected += 1;
    if (rejected > max) return index + 1;
  }
  return undefined;
}

describe('classify', () => {
  it('ends, counts and rejects as writing the rows one by one does', () => {
    fc.assert(
      fc.property(caseArbitrary, chunksArbitrary, (the, chunks) => {
        const expected: Row[] = [];
        const actual: Row[] = [];
        for (const rows of chunks) {
          const reply = applyOneByOne(expected, rows, the);
          const plan = classifyRows(actual, rows, the);
          run(actual, plan.operations, the.key);

          expect(plan.reply).toEqual(reply);
          expect(inIdOrder(actual)).toEqual(inIdOrder(expected));
        }
      }),
      { numRuns: 6_000 },
    );
  });

  it('stops behind the rejected row that is one too many, as writing one by one would', () => {
    const limitArbitrary = fc.record({ max: small, refusedBefore: fc.array(fc.nat(8), { maxLength: 4 }) });
    fc.assert(
      fc.property(
        caseArbitrary,
        chunksArbitrary,
        limitArbitrary,
        (the, [first = [], second = []], { max, ...rest }) => {
          const refusedBefore = rest.refusedBefore.filter((index) => index <= second.length).sort();
          const limit = { max, refusedBefore };
          const stored: Row[] = [];
          applyOneByOne(stored, first, the);
          const whole = applyOneByOne([...stored], second, the);
          const stop = stopByWalking(
            second.map((_, at) => whole.rejected.some(({ index }) => index === at)),
            limit,
          );
          const [expected, actual] = [[...stored], [...stored]];
          const reply = applyOneByOne(expected, second.slice(0, stop), the);

          const plan = classifyRows(actual, second, the, limit);
          run(actual, plan.operations, the.key);

          expect(plan.reply).toEqual({ ...reply, ...(stop !== undefined && { stoppedAt: stop }) });
          expect(inIdOrder(actual)).toEqual(inIdOrder(expected));
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it('writes one statement a record, and none for a record that ends as it began', () => {
    const the: Case = { mode: 'upsert', key: 'k', match: 'k' };
    const stored = [{ _id: 1, k: 1, m: 0, v: 0 }];
    const back = [
      { _id: 7, k: 1, m: 0, v: 1 },
      { _id: 8, k: 1, m: 0, v: 0 },
      { _id: 9, k: 2, m: 0, v: 0 },
      { _id: 9, k: 2, m: 0, v: 1 },
    ];

    const { operations, reply } = classifyRows(stored, back, the);

    expect(reply).toMatchObject({ inserted: 1, updated: 3 });
    expect(operations.map(({ kind, row, document }) => [kind, row, BSON.deserialize(document)])).toEqual([
      ['insert', 3, { _id: 9, k: 2, m: 0, v: 1 }],
    ]);
  });
});
