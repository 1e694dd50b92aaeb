import { RevocationView, SIGNING_KEYS, type KeyView } from '@keyport/access';
import { BusHealth } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { ContextSigner } from '../access/context-signer.ts';

/** What a gateway needs before it can decide about any request. */
@Injectable()
export class Readiness {
  constructor(
    private readonly bus: BusHealth,
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly revocations: RevocationView,
    private readonly contexts: ContextSigner,
  ) {}

  checks(): Record<'bus' | 'keySet' | 'revocations' | 'context', boolean> {
    return {
      bus: this.bus.isConnected,
      keySet: this.signingKeys.isReady,
      revocations: this.revocations.isReady,
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
