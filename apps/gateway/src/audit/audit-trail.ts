import type { AuditEntry } from '@keyport/contracts';
import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { FastifyInstance, onSendAsyncHookHandler } from 'fastify';
import { addressGroup } from '../limits/address-group.ts';
import { RateLimiter } from '../limits/rate-limiter.ts';
import { Rate } from '../limits/token-bucket.ts';
import { auditEntryOf } from './audit-entry.ts';
import { AuditPublisher } from './audit-publisher.ts';
import { auditedOperations, type AuditedOperation } from './audited-operations.ts';

/** Kept of one address while nobody is recognised: enough to see an attack, too little to fill a disk with it. */
const strangersRate = new Rate(5, 200);

/**
 * Puts requests into the audit as their answer leaves: Fastify's `onSend` also sees what guards, pipes and the reading of
 * bodies refused, and can hold an answer back. Only audited routes have the hook, so others pay nothing.
 */
@Injectable()
export class AuditTrail {
  private readonly strangers = new RateLimiter();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly publisher: AuditPublisher,
  ) {}

  /** Before any route is registered. */
  follow(fastify: FastifyInstance): void {
    const controllers = this.discovery.getControllers().map(({ metatype }) => metatype as Type);
    const operations = auditedOperations(controllers);
    fastify.addHook('onRoute', (route) => {
      const operation = operations.get(`${String(route.method)} ${route.url}`);
      if (operation) route.onSend = [...[route.onSend ?? []].flat(), this.hookOf(operation)];
    });
  }

  private hookOf(operation: AuditedOperation): onSendAsyncHookHandler<unknown> {
    return async (request, reply, payload) => {
      const entry = auditEntryOf(operation, request, reply, payload);
      if (!this.isKept(entry)) return;
      await (operation.kind === 'change'
        ? this.publisher.storeBeforeAnswer(entry)
        : this.publisher.storeBesideAnswer(entry));
    };
  }

  /** What the limits refuse is not worth an entry each: that is how one would be made to write millions. */
  private isKept({ code, subject, address }: AuditEntry): boolean {
    if (code === 'RATE_LIMITED') return false;
    return subject !== null || this.strangers.take(addressGroup(address), strangersRate).allowed;
  }
}
