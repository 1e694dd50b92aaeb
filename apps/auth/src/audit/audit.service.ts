import type { Caller } from '@keyport/access';
import type { listAudit, ReplyOf, RequestOf } from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AuditRepository } from './audit.repository.ts';

const entryId = z.string().regex(/^[0-9a-f]{28}$/);

@Injectable()
export class AuditService {
  constructor(private readonly entries: AuditRepository) {}

  async list(
    caller: Caller,
    { limit, cursor, ...wanted }: RequestOf<typeof listAudit>,
  ): Promise<ReplyOf<typeof listAudit>> {
    caller.require('audit:read');
    const found = await this.entries.page({ ...wanted, before: readCursor(entryId, cursor) }, limit + 1);
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return {
      items: items.map(({ _id: id, at, client = null, expiresAt: _, ...rest }) => ({
        ...{ ...rest, id, client },
        at: at.toISOString(),
      })),
      next,
    };
  }
}
