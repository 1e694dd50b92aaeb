import { AccessViewsModule } from '@keyport/access';
import { Module } from '@nestjs/common';
import { RequestLimits } from './request-limits.ts';

/** How much may be asked of this gateway. */
@Module({ imports: [AccessViewsModule], providers: [RequestLimits], exports: [RequestLimits] })
export class LimitsModule {}
