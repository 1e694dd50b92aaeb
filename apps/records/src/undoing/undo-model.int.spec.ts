import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { undoChunk } from '@keyport/contracts';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

/** Numbers that look random and are the same in every run. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ids = 25;
const values = 3;

interface Chunk {
  readonly source: string;
  readonly sequence: number;
  /** What it inserted, as it was once the chunk was written. */
  readonly inserted: Map<number, number>;
  undone: boolean;
}

/** What the dataset holds, rows applied one by one. */
class Model {
  readonly records = new Map<number, number>();

  write(mode: 'insert' | 'upsert', rows: readonly { readonly _id: number; readonly v: number }[]): Map<number, number> {
    const inserted = new Map<number, number>();
    for (const { _id, v } of rows) {
      if (!this.records.has(_id)) inserted.set(_id, v);
      else if (mode === 'insert') continue;
      else if (inserted.has(_id)) inserted.set(_id, v);
      this.records.set(_id, v);
    }
    return inserted;
  }

  undo(chunk: Chunk) {
    const { inserted } = chunk;
    if (chunk.undone) return undefined;
    chunk.undone = true;
    const [there, gone] = [[...inserted.keys()].filter((id) => this.records.has(id)), [] as number[]];
    const removed = there.filter((id) => this.records.get(id) === inserted.get(id));
    for (const id of removed) this.records.delete(id);
    gone.push(...[...inserted.keys()].filter((id) => !there.includes(id)));
    const left = there.filter((id) => !removed.includes(id)).sort((one, other) => one - other);
    return { removed: removed.length, gone: gone.length, left };
  }
}

const idsOf = (named: readonly { readonly id: string }[]) =>
  named
    .map(({ id }) => Number((JSON.parse(id) as { $numberInt: string }).$numberInt))
    .sort((one, other) => one - other);

describe('imports, changes and undos in any order', () => {
  it.each([1, 2, 3, 4])('leave what a plain model says (seed %i)', async (seed) => {
    const next = random(seed);
    const dataset = await system.dataset(`model-${seed}`);
    const { id: datasetId } = await system.describe(dataset);
    const collection = await system.collectionOf(dataset);
    const model = new Model();
    const chunks: Chunk[] = [];

    const write = async (turn: number) => {
      const mode = next(2) === 0 ? 'insert' : 'upsert';
      const rows = Array.from({ length: 1 + next(12) }, () => ({ _id: next(ids), v: next(values) }));
      const source = `${(seed * 16 + next(3)).toString(16)}`.padStart(16, '0');
      await system.write(dataset, rows, { source, sequence: turn, mode });
      chunks.push({ source, sequence: turn, inserted: model.write(mode, rows), undone: false });
    };
    const change = async () => {
      const [_id, v] = [next(ids), next(values)];
      await collection.updateOne({ _id: _id as never }, { $set: { v } });
      if (model.records.has(_id)) model.records.set(_id, v);
    };
    const remove = async () => {
      const _id = next(ids);
      await collection.deleteOne({ _id: _id as never });
      model.records.delete(_id);
    };
    const undo = async () => {
      const chunk = chunks[next(chunks.length)];
      if (!chunk) return;
      const { source, sequence } = chunk;
      const reply = await system.bus.ask('import', undoChunk, { dataset, datasetId, source, sequence, fence: 1 });
      const expected = model.undo(chunk);
      if (expected) {
        expect({ ...reply, named: idsOf(reply.named) }).toEqual({
          ...{ removed: expected.removed, gone: expected.gone, left: expected.left.length },
          named: expected.left,
        });
      }
    };

    for (let turn = 0; turn < 50; turn += 1) {
      const step = [write, write, change, remove, undo][next(5)] ?? write;
      await step(turn);
      const stored = (await system.plain(dataset)).map(({ _id, v }) => [_id as number, v as number] as const);
      expect(new Map(stored)).toEqual(new Map([...model.records].sort(([one], [other]) => one - other)));
    }
    expect(chunks.some(({ undone }) => undone)).toBe(true);
  });
});
