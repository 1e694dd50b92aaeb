import { AccessViewsModule } from '@keyport/access';
import { Module } from '@nestjs/common';
import { OpenStreams } from './open-streams.ts';
import { ProofLimits } from './proof-limits.ts';
import { RequestLimits } from './request-limits.ts';

/** How much may be asked of this gateway. */
@Module({
  imports: [AccessViewsModule],
  providers: [RequestLimits, ProofLimits, OpenStreams],
  exports: [RequestLimits, ProofLimits, OpenStreams],
})
export class LimitsModule {}
