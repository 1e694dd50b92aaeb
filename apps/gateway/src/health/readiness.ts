import { Judge } from '@keyport/access';
import { BusHealth } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { ContextSigner } from '../access/context-signer.ts';

/** What a gateway needs before it can decide about any request. */
@Injectable()
export class Readiness {
  constructor(
    private readonly bus: BusHealth,
    private readonly judge: Judge,
    private readonly contexts: ContextSigner,
  ) {}

  /** Down as soon as the bus is away, though what is known by then decides about requests for a while. */
  checks(): Record<string, boolean> {
    const gaps = new Set(this.judge.gaps().map(({ view }) => view));
    return {
      bus: this.bus.isConnected,
      ...Object.fromEntries(this.judge.viewNames.map((view) => [view, !gaps.has(view)])),
      context: this.contexts.isReady,
    };
  }

  get missing(): string[] {
    return Object.entries(this.checks()).flatMap(([name, isUp]) => (isUp ? [] : [name]));
  }

  get isReady(): boolean {
    return this.missing.length === 0;
  }
}
