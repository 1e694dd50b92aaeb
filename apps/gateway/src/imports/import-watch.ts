import { setTimeout as delay } from 'node:timers/promises';
import { getImportProgress, KeyportError, type ReplyOf } from '@keyport/contracts';
import type { AsksOnBus, BusCaller } from '../access/bus-caller.ts';
import type { TokenVerifier } from '../access/token-verifier.ts';
import { isFinal } from './import-waiter.ts';
import { ProgressRate } from './progress-rate.ts';
import type { ProgressEvent, ProgressWatcher } from './progress-watcher.ts';
import { eventOf } from './server-sent-events.ts';

type Found = ReplyOf<typeof getImportProgress>;

const lookMs = 500;
/** While nobody answers it is not seen who is revoked: no longer than this. */
const answerMs = 1_000;

/** One import that is watched here: asked for twice a second, however many watch it. */
export class ImportWatch {
  private readonly watchers = new Set<ProgressWatcher>();
  private readonly rate = new ProgressRate();

  constructor(
    private readonly importId: string,
    private readonly bus: BusCaller,
    private readonly verifier: TokenVerifier,
  ) {}

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  /** `found`: what the watcher's own request brought. */
  join(watcher: ProgressWatcher, found: Found): void {
    this.watchers.add(watcher);
    watcher.onEnd(() => this.watchers.delete(watcher));
    this.tell([watcher], found);
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
   * Who may see an import depends on the import, which does not change in that, and on the rights of the token: so it
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

  private ask(caller: AsksOnBus): Promise<Found> {
    return this.bus.ask(caller, getImportProgress, { importId: this.importId }, { timeoutMs: answerMs });
  }

  private tell(watchers: readonly ProgressWatcher[], found: Found): void {
    const event: ProgressEvent = {
      sequence: found.sequence,
      text: eventOf(found.sequence, this.rate.after(found.import, Date.now())),
      isLast: isFinal(found.import),
    };
    for (const watcher of watchers) watcher.tell(event);
  }
}

/** A refusal ends the watching; what a service that is away says does not. */
function endOn(error: unknown, watcher: ProgressWatcher): void {
  if (error instanceof KeyportError && error.status < 500) watcher.end();
}
