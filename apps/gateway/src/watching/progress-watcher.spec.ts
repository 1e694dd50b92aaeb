import { describe, expect, it } from '@jest/globals';
import { ProgressWatcher } from './progress-watcher.ts';

const watcherOf = (seen?: number) => new ProgressWatcher('token', {} as never, seen);
const event = (sequence: number) => ({ sequence, text: `event ${sequence}`, isLast: false });

describe('a watcher', () => {
  it('that is slow gets the newest event alone', async () => {
    const watcher = watcherOf();
    for (const sequence of [1, 2, 3]) watcher.tell(event(sequence));

    expect(await watcher.next(60_000)).toEqual(event(3));
    expect(await watcher.next(1)).toBeUndefined();
  });

  it('waits for the next event', async () => {
    const watcher = watcherOf();
    const next = watcher.next(60_000);
    watcher.tell(event(1));

    expect(await next).toEqual(event(1));
  });

  it('gets nothing that it has seen, nor anything older', async () => {
    const watcher = watcherOf(5);
    watcher.tell(event(4));
    watcher.tell(event(5));
    expect(await watcher.next(1)).toBeUndefined();

    watcher.tell(event(6));

    expect(await watcher.next(1)).toEqual(event(6));
  });

  it('that is ended gets nothing more, not even what waited', async () => {
    const watcher = watcherOf();
    let endings = 0;
    watcher.onEnd(() => (endings += 1));
    watcher.tell(event(1));
    watcher.end();
    watcher.end();

    expect(await watcher.next(60_000)).toBeUndefined();
    expect({ isOver: watcher.isOver, endings }).toEqual({ isOver: true, endings: 1 });
  });

  it('that waits hears at once that it is ended', async () => {
    const watcher = watcherOf();
    const next = watcher.next(60_000);
    watcher.end();

    expect(await next).toBeUndefined();
  });
});
