import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { nameOf, type Holder } from './request-limits.ts';

/** Seconds after which a stream may have ended; nobody knows when one will. */
const retryAfterSeconds = 5;

/** Streams of events that are open at this gateway: each takes a connection, and a question for every event. */
@Injectable()
export class OpenStreams {
  private readonly byHolder = new Map<string, number>();
  private all = 0;

  constructor(@Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig) {}

  /** Counts one more, for the job it is about; call the result once when it ends. Throws TOO_MANY_STREAMS. */
  open(holder: Holder, jobId: string): () => void {
    const name = nameOf(holder);
    const own = this.byHolder.get(name) ?? 0;
    const { KEYPORT_EVENT_STREAMS: limit, KEYPORT_EVENT_STREAMS_IN_ALL: limitInAll } = this.config;
    if (own >= limit) throw tooMany('holder', limit, jobId);
    if (this.all >= limitInAll) throw tooMany('gateway', limitInAll, jobId);
    this.byHolder.set(name, own + 1);
    this.all += 1;
    return () => this.close(name);
  }

  private close(name: string): void {
    const left = (this.byHolder.get(name) ?? 0) - 1;
    if (left > 0) this.byHolder.set(name, left);
    else this.byHolder.delete(name);
    this.all -= 1;
  }
}

const tooMany = (of: 'holder' | 'gateway', limit: number, jobId: string) =>
  new KeyportError('TOO_MANY_STREAMS', { of, limit, jobId, retryAfterSeconds });
