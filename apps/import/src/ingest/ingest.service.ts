import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Wake } from '../intake/wake.ts';
import { IngestHoldsRepository } from './ingest-holds.repository.ts';
import { IngestReader } from './ingest-reader.service.ts';
import { IngestStream } from './ingest-stream.ts';
import { Lanes, type Lane } from './lanes.ts';

/** A process that takes nothing looks so often whether the stream is free. */
const claimMs = 500;
/** Datasets with new events are looked for so often. */
const lookMs = 100;

/**
 * Turns events on `ingest.v1.<dataset>` into records: in order within a dataset, datasets side by side. One process at a
 * time, by a lease; where two hold it for a moment, both write the same events, and the second changes nothing.
 */
@Injectable()
export class IngestService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('ingest');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly holds: IngestHoldsRepository,
    private readonly stream: IngestStream,
    private readonly reader: IngestReader,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.holds.prepare();
        const fence = await this.holds.claim();
        if (fence !== null) await this.hold(fence);
      } catch (error) {
        if (signal.aborted) return;
        this.logger.warn({ err: error }, 'events cannot be taken');
      }
      await delay(claimMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async hold(fence: number): Promise<void> {
    this.logger.log({ fence }, 'events are taken');
    const lost = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, lost.signal]);
    const keeping = this.keep(fence, signal).finally(() => lost.abort());
    try {
      await this.takeAll(signal);
    } finally {
      lost.abort();
      await keeping;
      await this.holds.release(fence);
    }
  }

  /** Ends when the lease is lost, or may be: MongoDB could not be asked for as long as it lasts. */
  private async keep(fence: number, signal: AbortSignal): Promise<void> {
    const { leaseMs } = this.holds;
    for (let keptAt = Date.now(); Date.now() - keptAt < leaseMs;) {
      await delay(leaseMs / 5, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const askedAt = Date.now();
      try {
        if (!(await this.holds.renew(fence))) return;
        keptAt = askedAt;
      } catch (error) {
        this.logger.warn({ err: error }, 'the hold on events could not be renewed');
      }
    }
  }

  private async takeAll(signal: AbortSignal): Promise<void> {
    const lanes = new Lanes();
    const wake = new Wake();
    const stop = () => wake.now();
    const reading = new Set<Promise<void>>();
    const read = async (lane: Lane) => {
      await this.reader.read(lane, { signal, isCrowded: () => lanes.isCrowded });
      lanes.end(lane, Date.now());
      wake.now();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        lanes.see(await this.stream.subjects());
        for (const lane of lanes.begin(Date.now())) {
          const done = read(lane).finally(() => reading.delete(done));
          reading.add(done);
        }
        await wake.within(lookMs);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await Promise.all(reading);
    }
  }
}
