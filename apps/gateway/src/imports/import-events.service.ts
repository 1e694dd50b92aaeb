import { getImportProgress, type ReplyOf } from '@keyport/contracts';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { TokenVerifier } from '../access/token-verifier.ts';
import { OpenStreams } from '../limits/open-streams.ts';
import { JobEvents } from '../watching/job-events.ts';
import { JobWatches } from '../watching/job-watches.ts';
import { isFinal } from './import-waiter.ts';
import { ProgressRate } from './progress-rate.ts';

/** The imports that are watched through this gateway. */
@Injectable()
export class ImportEvents implements OnModuleDestroy {
  private readonly watches: JobWatches<ReplyOf<typeof getImportProgress>>;

  constructor(bus: BusCaller, verifier: TokenVerifier, streams: OpenStreams) {
    this.watches = new JobWatches(
      {
        ask: (caller, importId, options) => bus.ask(caller, getImportProgress, { importId }, options),
        isFinal: (seen) => isFinal(seen.import),
        newTeller: () => {
          const rate = new ProgressRate();
          return (seen, at) => rate.after(seen.import, at);
        },
      },
      verifier,
      streams,
    );
  }

  onModuleDestroy(): void {
    this.watches.endAll();
  }

  send(request: AuthenticatedRequest, reply: FastifyReply, importId: string): Promise<void> {
    return new JobEvents(this.watches).send(request, reply, importId);
  }
}
