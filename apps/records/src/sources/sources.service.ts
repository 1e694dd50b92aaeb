import { KeyportError } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ClientSession, Connection } from 'mongoose';
import { WRITE_CONCURRENCY, type WriteSessions } from '../writing/write-sessions.ts';
import { describeSourceFailure, isSourceFailure } from './source-failure.ts';
import { SOURCE_SETTINGS, type SourceSettings } from './source-settings.ts';
import { Source, UnfitSource } from './source.ts';

/** A source that could not be opened is not asked again for so long: each try takes seconds. */
const restMs = 2_000;

const tryAllEveryMs = 60_000;

/** Databases of the team's own that datasets are mapped onto. */
@Injectable()
export class Sources implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Sources.name);
  private readonly opened = new Map<string, Promise<Source>>();
  private readonly answered = new Set<Source>();
  private triedAllAt = 0;
  private readonly bySession = new WeakMap<ClientSession, { readonly name: string; readonly source: Source }>();

  constructor(
    @Inject(SOURCE_SETTINGS) private readonly settings: SourceSettings,
    @Inject(MONGO_CONNECTION) private readonly own: Connection,
    @Inject(WRITE_CONCURRENCY) private readonly concurrency: number,
  ) {}

  get areThere(): boolean {
    return Object.keys(this.settings.addresses).length > 0;
  }

  isKnown(name: string): boolean {
    return Object.hasOwn(this.settings.addresses, name);
  }

  /** Throws SOURCE_UNAVAILABLE, also for one that the configuration no longer names, and {@link UnfitSource}. */
  async open(name: string): Promise<Source> {
    const known = this.opened.get(name);
    if (known) return known;
    const url = this.isKnown(name) ? this.settings.addresses[name] : undefined;
    if (url === undefined) throw unavailable(name);
    const opening = this.opening(name, url);
    this.opened.set(name, opening);
    opening.catch(() => setTimeout(() => this.opened.delete(name), restMs).unref());
    return opening;
  }

  /** Those that are open by now. The others are tried, now and then: what happened in them may be untold. */
  answering(): readonly Source[] {
    if (Date.now() - this.triedAllAt > tryAllEveryMs) {
      this.triedAllAt = Date.now();
      for (const name of Object.keys(this.settings.addresses)) this.open(name).catch(() => undefined);
    }
    return [...this.answered];
  }

  /** Runs work in one of the source's sessions, when it is its turn. Throws SOURCE_UNAVAILABLE. */
  async use<Result>(name: string, work: InSession<Result>): Promise<Result> {
    const source = await this.open(name);
    return source.sessions.use((session) => {
      this.bySession.set(session, { name, source });
      return work(session, source.sessions);
    });
  }

  /** Whose session it is; undefined where it is one of Keyport's own deployment. */
  of(session: ClientSession): { readonly name: string; readonly source: Source } | undefined {
    return this.bySession.get(session);
  }

  /** Runs what may reach a source. Throws SOURCE_UNAVAILABLE where that does not answer. */
  async reaching<Result>(name: string | null, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (name === null || !(isSourceFailure(error) || error instanceof UnfitSource)) throw error;
      this.logger.warn(`source ${name}: ${describeSourceFailure(error)}`);
      throw unavailable(name, error);
    }
  }

  /** While the connections are still open. */
  async beforeApplicationShutdown(): Promise<void> {
    const sources = await Promise.allSettled(this.opened.values());
    await Promise.all(sources.flatMap((source) => (source.status === 'fulfilled' ? [source.value.close()] : [])));
  }

  private async opening(name: string, url: string): Promise<Source> {
    const { own, concurrency } = this;
    try {
      const source = await Source.open(url, { own, concurrency, ledgerDatabase: this.settings.ledgerDatabase });
      this.answered.add(source);
      return source;
    } catch (error) {
      const reason = error instanceof UnfitSource ? error.message : describeSourceFailure(error);
      this.logger.warn(`source ${name} cannot be used: ${reason}`);
      throw error instanceof UnfitSource ? error : unavailable(name, error);
    }
  }
}

export type InSession<Result> = (session: ClientSession, sessions: WriteSessions) => Promise<Result>;

const unavailable = (source: string, cause?: unknown) => new KeyportError('SOURCE_UNAVAILABLE', { source }, { cause });
