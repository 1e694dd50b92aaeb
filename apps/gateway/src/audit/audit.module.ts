import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuditPublisher } from './audit-publisher.ts';
import { AuditTrail } from './audit-trail.ts';

/** Who did what: what leaves this gateway is told to auth, which keeps it. */
@Module({ imports: [DiscoveryModule], providers: [AuditPublisher, AuditTrail], exports: [AuditTrail] })
export class AuditModule {}
