import { getExportProgress, type Export, type ExportProgress, type ReplyOf } from '@keyport/contracts';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { TokenVerifier } from '../access/token-verifier.ts';
import { OpenStreams } from '../limits/open-streams.ts';
import { JobEvents } from '../watching/job-events.ts';
import { JobWatches } from '../watching/job-watches.ts';
import { exportTeller, hasEnded } from './export-progress.ts';

/** The exports that are watched through this gateway. */
@Injectable()
export class ExportEvents implements OnModuleDestroy {
  private readonly watches: JobWatches<ReplyOf<typeof getExportProgress>>;

  constructor(bus: BusCaller, verifier: TokenVerifier, streams: OpenStreams) {
    this.watches = new JobWatches(
      {
        ask: (caller, exportId, options) => bus.ask(caller, getExportProgress, { exportId }, options),
        isFinal: (seen) => hasEnded(seen.export),
        newTeller: () => {
          const tell: (seen: Export, at: number) => ExportProgress = exportTeller();
          return (seen, at) => tell(seen.export, at);
        },
      },
      verifier,
      streams,
    );
  }

  onModuleDestroy(): void {
    this.watches.endAll();
  }

  send(request: AuthenticatedRequest, reply: FastifyReply, exportId: string): Promise<void> {
    return new JobEvents(this.watches).send(request, reply, exportId);
  }
}
