import { describe, expect, it } from '@jest/globals';
import { ChunkPipeline } from './chunk-pipeline.ts';

/** A writer whose answers come when the test says so. */
function pipelineOf({ writes = 4, uncommitted = 8, together = 1, atOnce = 100, failingCommit = false } = {}) {
  const answers = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>();
  const commits: (readonly number[])[] = [];
  const pipeline = new ChunkPipeline<number, number>({
    writes,
    uncommitted,
    together,
    size: { of: (outcome) => outcome, atOnce },
    write: (chunk) => new Promise((resolve, reject) => answers.set(chunk, { resolve, reject })),
    commit: async (outcomes) => {
      if (failingCommit) throw new Error('lease lost');
      commits.push([...outcomes]);
    },
  });
  const answer = async (...chunks: number[]) => {
    for (const chunk of chunks) answers.get(chunk)?.resolve(chunk);
    await idle();
  };
  const refuse = async (chunk: number) => {
    answers.get(chunk)?.reject(new Error(`chunk ${chunk}`));
    await idle();
  };
  return { pipeline, commits, answer, refuse, sent: () => [...answers.keys()] };
}

const idle = () => new Promise((resolve) => setImmediate(resolve));
const freely = { alone: false };

describe('ChunkPipeline', () => {
  it('commits in file order, whatever order the writer answers in', async () => {
    const { pipeline, commits, answer } = pipelineOf();
    for (const chunk of [0, 1, 2]) await pipeline.push(chunk, freely);

    await answer(2);
    await answer(1);
    expect(commits).toEqual([]);
    await answer(0);

    expect(commits).toEqual([[0, 1, 2]]);
    expect(await pipeline.settle()).toEqual({ failure: undefined, stragglers: [], failures: [] });
  });

  it('commits no more at once than it may, but for a result that is more by itself', async () => {
    const { pipeline, commits, answer } = pipelineOf({ atOnce: 5, writes: 8 });
    for (const chunk of [1, 2, 3, 9, 4, 0]) await pipeline.push(chunk, freely);

    await answer(2, 3, 9, 4, 0, 1);

    expect(commits).toEqual([[1, 2], [3], [9], [4, 0]]);
    expect(await pipeline.settle()).toEqual({ failure: undefined, stragglers: [], failures: [] });
  });

  it('lets results wait for one another while chunks are at the writer, but not behind the last one', async () => {
    const { pipeline, commits, answer } = pipelineOf({ writes: 8, together: 2 });
    for (const chunk of [0, 1, 2, 3, 4]) await pipeline.push(chunk, freely);

    await answer(0);
    expect(commits).toEqual([]);
    await answer(1);
    expect(commits).toEqual([[0, 1]]);
    await answer(2);
    await answer(4);
    expect(commits).toEqual([[0, 1]]);
    await answer(3);

    expect(commits).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
  });

  it('does not wait where a few results are much to store, nor once a chunk has failed', async () => {
    const { pipeline, commits, answer, refuse } = pipelineOf({ writes: 8, together: 4, atOnce: 10 });
    for (const chunk of [6, 1, 0, 2]) await pipeline.push(chunk, freely);

    await answer(6);
    expect(commits).toEqual([[6]]);
    await answer(1);
    await refuse(0);

    expect(commits).toEqual([[6], [1]]);
    await answer(2);
    expect((await pipeline.settle()).stragglers).toEqual([2]);
  });

  it('has at most so many chunks at the writer', async () => {
    const { pipeline, answer, sent } = pipelineOf({ writes: 2 });
    await pipeline.push(0, freely);
    await pipeline.push(1, freely);
    const third = pipeline.push(2, freely);
    await idle();
    expect(sent()).toEqual([0, 1]);

    await answer(1);
    await third;

    expect(sent()).toEqual([0, 1, 2]);
  });

  it('stops reading ahead where results wait for an earlier chunk', async () => {
    const { pipeline, answer, sent } = pipelineOf({ uncommitted: 3 });
    for (const chunk of [0, 1, 2]) await pipeline.push(chunk, freely);
    const fourth = pipeline.push(3, freely);
    await answer(1, 2);
    expect(sent()).toEqual([0, 1, 2]);

    await answer(0);
    await fourth;

    expect(sent()).toEqual([0, 1, 2, 3]);
  });

  it('sends a chunk that must be alone only after all before it were answered', async () => {
    const { pipeline, answer, sent } = pipelineOf();
    await pipeline.push(0, freely);
    await pipeline.push(1, freely);
    const alone = pipeline.push(2, { alone: true });
    await answer(1);
    expect(sent()).toEqual([0, 1]);

    await answer(0);
    await alone;

    expect(sent()).toEqual([0, 1, 2]);
  });

  it('commits nothing behind a chunk that failed, and names what was written there', async () => {
    const { pipeline, commits, answer, refuse } = pipelineOf();
    for (const chunk of [0, 1, 2, 3]) await pipeline.push(chunk, freely);

    await refuse(1);
    await answer(0, 2, 3);
    const settled = await pipeline.settle();

    expect(commits).toEqual([[0]]);
    expect(settled.failure?.error).toEqual(new Error('chunk 1'));
    expect(settled.stragglers).toEqual([2, 3]);
    await expect(pipeline.push(4, freely)).rejects.toThrow('chunk 1');
  });

  it('names why each chunk that it sent has no result', async () => {
    const { pipeline, answer, refuse } = pipelineOf();
    for (const chunk of [0, 1, 2, 3]) await pipeline.push(chunk, freely);

    await refuse(3);
    await refuse(1);
    await answer(0, 2);

    expect((await pipeline.settle()).failures).toEqual([new Error('chunk 1'), new Error('chunk 3')]);
  });

  it('sends nothing more once the signal is aborted, even where it waited for room', async () => {
    const { pipeline, answer, sent } = pipelineOf({ uncommitted: 1 });
    const stopping = new AbortController();
    await pipeline.push(0, freely);
    const waiting = expect(pipeline.push(1, { alone: false, signal: stopping.signal })).rejects.toThrow('cancelled');
    stopping.abort(new Error('cancelled'));
    await answer(0);

    await waiting;
    expect(sent()).toEqual([0]);
  });

  it('ends when a commit is refused', async () => {
    const { pipeline, answer } = pipelineOf({ failingCommit: true });
    await pipeline.push(0, freely);
    await answer(0);

    const settled = await pipeline.settle();

    expect(settled.failure?.error).toEqual(new Error('lease lost'));
    await expect(pipeline.push(1, freely)).rejects.toThrow('lease lost');
  });
});
