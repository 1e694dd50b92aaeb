import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import type { AsksOnBus } from '../access/bus-caller.ts';
import type { TokenVerifier } from '../access/token-verifier.ts';
import type { ProgressEvent, ProgressWatcher } from './progress-watcher.ts';
import { eventOf } from './server-sent-events.ts';
import type { SeenJob, WatchedJobs } from './watched-jobs.ts';

const lookMs = 500;
/** While nobody answers it is not seen who is revoked: no longer than this. */
const answerMs = 1_000;

/** One job that is watched here: asked for twice a second, however many watch it. */
export class JobWatch<Seen extends SeenJob> {
  private readonly watchers = new Set<ProgressWatcher>();
  private readonly tellOf: ReturnType<WatchedJobs<Seen>['newTeller']>;

  constructor(
    private readonly id: string,
    private readonly jobs: WatchedJobs<Seen>,
    private readonly verifier: TokenVerifier,
  ) {
    this.tellOf = jobs.newTeller();
  }

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  /** `seen`: what the watcher's own request brought. */
  join(watcher: ProgressWatcher, seen: Seen): void {
    this.watchers.add(watcher);
    watcher.onEnd(() => this.watchers.delete(watcher));
    this.tell([watcher], seen);
  }

  endAll(): void {
    for (const watcher of [...this.watchers]) watcher.end();
  }

  /** Until nobody watches any more. */
  async run(): Promise<void> {
    while (this.isWatched) {
      await delay(lookMs);
      await this.look();
    }
  }

  private async look(): Promise<void> {
    const watching = [...this.watchers];
    const rights = await Promise.all(watching.map((watcher) => this.isEntitled(watcher)));
    const entitled = watching.filter((_, index) => rights[index]);
    const [first] = entitled;
    if (!first) return;
    try {
      this.tell(entitled, await this.ask(first.caller));
    } catch (error) {
      endOn(error, first);
    }
  }

  /**
   * Who may see a job depends on the job, which does not change in that, and on the rights of the token: so it
   * is asked again where those are not what they were.
   */
  private async isEntitled(watcher: ProgressWatcher): Promise<boolean> {
    try {
      const user = await this.verifier.verify(watcher.token);
      if (user === watcher.caller.user) return true;
      const caller = { ...watcher.caller, user };
      await this.ask(caller);
      watcher.caller = caller;
      return true;
    } catch (error) {
      endOn(error, watcher);
      return false;
    }
  }

  private ask(caller: AsksOnBus): Promise<Seen> {
    return this.jobs.ask(caller, this.id, { timeoutMs: answerMs });
  }

  private tell(watchers: readonly ProgressWatcher[], seen: Seen): void {
    const event: ProgressEvent = {
      sequence: seen.sequence,
      text: eventOf(seen.sequence, this.tellOf(seen, Date.now())),
      isLast: this.jobs.isFinal(seen),
    };
    for (const watcher of watchers) watcher.tell(event);
  }
}

/** A refusal ends the watching; what a service that is away says does not. */
function endOn(error: unknown, watcher: ProgressWatcher): void {
  if (error instanceof KeyportError && error.status < 500) watcher.end();
}
