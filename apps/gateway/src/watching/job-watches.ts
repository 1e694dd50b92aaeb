import { KeyportError } from '@keyport/contracts';
import { presentedTokenOf } from '../access/presented-token.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import type { TokenVerifier } from '../access/token-verifier.ts';
import type { OpenStreams } from '../limits/open-streams.ts';
import { JobWatch } from './job-watch.ts';
import { ProgressWatcher } from './progress-watcher.ts';
import type { SeenJob, WatchedJobs } from './watched-jobs.ts';

/** `EventSource` comes back after a broken connection, but takes any answer but 200 for the last: a restart is waited out. */
const patiently = { retryForMs: 20_000 };

/** The jobs of a kind that are watched through this gateway. */
export class JobWatches<Seen extends SeenJob> {
  private readonly watches = new Map<string, JobWatch<Seen>>();
  private stopping = false;

  constructor(
    private readonly jobs: WatchedJobs<Seen>,
    private readonly verifier: TokenVerifier,
    private readonly streams: OpenStreams,
  ) {}

  /** Clients come back to another gateway, with the id of the last event that they have. */
  endAll(): void {
    this.stopping = true;
    for (const watch of this.watches.values()) watch.endAll();
  }

  /** Null where the client has all there will ever be. Throws what the job's service refuses, and TOO_MANY_STREAMS. */
  async open(
    request: AuthenticatedRequest,
    id: string,
    lastEventId: number | undefined,
  ): Promise<ProgressWatcher | null> {
    const caller = { user: request.user, id: request.id };
    const seen = await this.jobs.ask(caller, id, patiently);
    if (this.stopping) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'gateway' });
    const isKnown = lastEventId === seen.sequence;
    if (isKnown && this.jobs.isFinal(seen)) return null;
    // Another id than the present one says that the client lacks something, were it greater too.
    const close = this.streams.open(request.user, id);
    const watcher = new ProgressWatcher(
      presentedTokenOf(request)?.token ?? '',
      caller,
      isKnown ? lastEventId : undefined,
    );
    watcher.onEnd(close);
    this.watch(id).join(watcher, seen);
    return watcher;
  }

  private watch(id: string): JobWatch<Seen> {
    const known = this.watches.get(id);
    if (known?.isWatched) return known;
    const watch = new JobWatch(id, this.jobs, this.verifier);
    this.watches.set(id, watch);
    setImmediate(() => void this.follow(id, watch));
    return watch;
  }

  private async follow(id: string, watch: JobWatch<Seen>): Promise<void> {
    await watch.run();
    if (this.watches.get(id) === watch) this.watches.delete(id);
  }
}
