import { getImportProgress, KeyportError } from '@keyport/contracts';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { bearerTokenOf } from '../access/bearer-token.ts';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { TokenVerifier } from '../access/token-verifier.ts';
import { OpenStreams } from '../limits/open-streams.ts';
import { isFinal } from './import-waiter.ts';
import { ImportWatch } from './import-watch.ts';
import { ProgressWatcher } from './progress-watcher.ts';

/** The imports that are watched through this gateway. */
@Injectable()
export class ImportWatches implements OnModuleDestroy {
  private readonly watches = new Map<string, ImportWatch>();
  private stopping = false;

  constructor(
    private readonly bus: BusCaller,
    private readonly verifier: TokenVerifier,
    private readonly streams: OpenStreams,
  ) {}

  /** Clients come back to another gateway, with the id of the last event that they have. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const watch of this.watches.values()) watch.endAll();
  }

  /** Null where the client has all there will ever be. Throws IMPORT_NOT_FOUND and TOO_MANY_STREAMS. */
  async open(
    request: AuthenticatedRequest,
    importId: string,
    lastEventId: number | undefined,
  ): Promise<ProgressWatcher | null> {
    const caller = { user: request.user, id: request.id };
    const found = await this.bus.ask(caller, getImportProgress, { importId });
    if (this.stopping) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'gateway' });
    const isKnown = lastEventId === found.sequence;
    if (isKnown && isFinal(found.import)) return null;
    // Another id than the present one says that the client lacks something, were it greater too.
    const close = this.streams.open(request.user, importId);
    const watcher = new ProgressWatcher(bearerTokenOf(request) ?? '', caller, isKnown ? lastEventId : undefined);
    watcher.onEnd(close);
    this.watch(importId).join(watcher, found);
    return watcher;
  }

  private watch(importId: string): ImportWatch {
    const known = this.watches.get(importId);
    if (known?.isWatched) return known;
    const watch = new ImportWatch(importId, this.bus, this.verifier);
    this.watches.set(importId, watch);
    setImmediate(() => void this.follow(importId, watch));
    return watch;
  }

  private async follow(importId: string, watch: ImportWatch): Promise<void> {
    await watch.run();
    if (this.watches.get(importId) === watch) this.watches.delete(importId);
  }
}
