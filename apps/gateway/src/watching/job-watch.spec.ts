import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { until } from '@keyport/testing';
import type { AsksOnBus } from '../access/bus-caller.ts';
import type { TokenVerifier } from '../access/token-verifier.ts';
import { JobWatch } from './job-watch.ts';
import { ProgressWatcher } from './progress-watcher.ts';
import type { SeenJob, WatchedJobs } from './watched-jobs.ts';

/** The bus and the tokens as a test wants them to be; a principal stands for the rights that a token has. */
function world() {
  const principals = new Map<string, object>();
  const state = { sequence: 1, asked: [] as unknown[], refusals: new Map<unknown, KeyportError>() };
  const jobs: WatchedJobs<SeenJob> = {
    ask: async (caller: AsksOnBus) => {
      state.asked.push(caller.user);
      const refusal = state.refusals.get(caller.user);
      if (refusal) throw refusal;
      return { sequence: state.sequence };
    },
    isFinal: () => false,
    newTeller: () => (seen) => seen,
  };
  const verifier = {
    verify: async (token: string) => {
      const principal = principals.get(token);
      if (!principal) throw new KeyportError('TOKEN_REVOKED', { check: 'revoked', reason: 'revoked' });
      if (principal instanceof KeyportError) throw principal;
      return principal;
    },
  } as unknown as TokenVerifier;
  const watch = new JobWatch('0123456789abcdef', jobs, verifier);
  const join = (token: string) => {
    const user = {};
    principals.set(token, user);
    const watcher = new ProgressWatcher(token, { user, id: token } as never, undefined);
    watch.join(watcher, { sequence: state.sequence });
    return { watcher, user };
  };
  const sequenceOf = async (watcher: ProgressWatcher) => (await watcher.next(20_000))?.sequence;
  return { watch, state, principals, join, sequenceOf };
}

describe('A job that is watched', () => {
  it('is asked for once for all who watch it, and tells each of them', async () => {
    const { watch, state, join, sequenceOf } = world();
    const [one, two] = [join('one'), join('two')];
    expect([await sequenceOf(one.watcher), await sequenceOf(two.watcher)]).toEqual([1, 1]);
    const done = watch.run();

    state.sequence = 2;
    expect([await sequenceOf(one.watcher), await sequenceOf(two.watcher)]).toEqual([2, 2]);
    expect(new Set(state.asked)).toEqual(new Set([one.user]));
    watch.endAll();

    await done;
    expect(watch.isWatched).toBe(false);
  });

  it('is shown no more to a token that is revoked, and goes on for the others', async () => {
    const { watch, state, principals, join, sequenceOf } = world();
    const [one, two] = [join('one'), join('two')];
    await Promise.all([sequenceOf(one.watcher), sequenceOf(two.watcher)]);
    const done = watch.run();

    principals.delete('one');
    state.sequence = 2;

    expect(await sequenceOf(two.watcher)).toBe(2);
    expect(one.watcher.isOver).toBe(true);
    expect(await one.watcher.next(1)).toBeUndefined();
    watch.endAll();
    await done;
  });

  it('is asked for anew where the rights of a token have changed, and ends where they are too few', async () => {
    const { watch, state, principals, join, sequenceOf } = world();
    const [one, two] = [join('one'), join('two')];
    await Promise.all([sequenceOf(one.watcher), sequenceOf(two.watcher)]);
    const [fewer, more] = [{}, {}];
    state.refusals.set(fewer, new KeyportError('IMPORT_NOT_FOUND', { importId: '0123456789abcdef' }));
    principals.set('one', fewer).set('two', more);
    const done = watch.run();

    state.sequence = 2;

    expect(await sequenceOf(two.watcher)).toBe(2);
    expect(one.watcher.isOver).toBe(true);
    expect(state.asked).toContain(more);
    watch.endAll();
    await done;
  });

  it('goes on being watched while import, or what is known of revocations, is away, but shows nothing then', async () => {
    const { watch, state, principals, join, sequenceOf } = world();
    const { watcher, user } = join('one');
    await sequenceOf(watcher);
    state.refusals.set(user, new KeyportError('SERVICE_UNAVAILABLE', { service: 'import' }));
    state.sequence = 2;
    const done = watch.run();
    await until(() => state.asked.length > 0, 'a look');
    expect(watcher.isOver).toBe(false);
    principals.set('one', new KeyportError('SERVICE_UNAVAILABLE', { service: 'gateway' }));
    state.refusals.clear();
    const next = sequenceOf(watcher);
    principals.set('one', user);

    expect(await next).toBe(2);
    watch.endAll();
    await done;
  });
});
