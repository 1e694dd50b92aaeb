import type { Caller } from '@keyport/access';
import type { listCorrectableRows, listRejects, RejectSummary, ReplyOf, RequestOf } from '@keyport/contracts';
import { listPage, readCursor, type ListPage } from '@keyport/mongo';
import type { RejectedRow } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { ImportDocument } from '../imports/import.model.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { requireRows, requireVisible } from '../imports/visibility.ts';
import { bySize, noRejects, rejectedIn } from './reject-groups.ts';
import { RejectedRowsRepository } from './rejected-rows.repository.ts';
import { layoutOf } from './rejects-layout.ts';

const rowsAPage = 1000;

/** Rejected rows hold data: whoever reads them, or which fields they blame, needs the right to. */
@Injectable()
export class RejectsService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly rejectedRows: RejectedRowsRepository,
  ) {}

  async list(request: RequestOf<typeof listRejects>, caller: Caller): Promise<ReplyOf<typeof listRejects>> {
    const { importId, limit, cursor } = request;
    await this.readable(importId, caller);
    return this.page(importId, cursor, limit);
  }

  async correctable(
    { importId, cursor }: RequestOf<typeof listCorrectableRows>,
    caller: Caller,
  ): Promise<ReplyOf<typeof listCorrectableRows>> {
    const layout = layoutOf(await this.readable(importId, caller));
    const { items, next } = await this.page(importId, cursor, rowsAPage);
    const lines = items.map((row) => layout.line(row));
    const header = cursor === undefined ? layout.header : '';
    return { text: `${header}${lines.join('')}`, mediaType: layout.mediaType, next };
  }

  async summary(importId: string, caller: Caller): Promise<RejectSummary> {
    await this.readable(importId, caller);
    const found = await this.rejectedRows.find(importId);
    const { groups, other } = found ?? noRejects;
    return {
      rejected: rejectedIn({ groups, other }),
      kept: found?.kept.rows ?? 0,
      groups: [...groups].sort(bySize),
      other,
    };
  }

  private async page(importId: string, cursor: string | undefined, limit: number): Promise<ListPage<RejectedRow>> {
    const afterRow = readCursor(z.number().int(), cursor) ?? -1;
    const { rows, length } = await this.rejectedRows.page(importId, afterRow, limit);
    return listPage(rows, length, ({ row }) => row);
  }

  private async readable(importId: string, caller: Caller): Promise<ImportDocument> {
    const found = requireVisible(await this.imports.find(importId), caller, importId);
    requireRows(found, caller);
    return found;
  }
}
