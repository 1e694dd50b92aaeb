import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type Import,
  type listImports,
  type listRejects,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { filledPage, listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { IntakeService } from '../intake/intake.service.ts';
import type { ImportDocument } from './import.model.ts';
import { viewOf } from './import-view.ts';
import { finalStates } from './import-state.ts';
import { ImportsRepository } from './imports.repository.ts';
import { RejectedRowsRepository } from './rejected-rows.repository.ts';
import { isVisible, perhapsVisible, requireControl, requireRows, requireVisible } from './visibility.ts';

/** Longer than a holder in another process takes to see the request. */
const cancelWaitMs = 1_500;

@Injectable()
export class ImportsService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly rejectedRows: RejectedRowsRepository,
    private readonly intake: IntakeService,
  ) {}

  async get(importId: string, caller: Caller): Promise<Import> {
    return viewOf(await this.visible(importId, caller));
  }

  async list(request: RequestOf<typeof listImports>, caller: Caller): Promise<ReplyOf<typeof listImports>> {
    const { dataset, state, limit, cursor } = request;
    const visible = perhapsVisible(caller);
    const { items, next } = await filledPage({
      ...{ limit, after: readCursor(z.string(), cursor) },
      find: (after, wanted) => this.imports.list({ visible, dataset, state, after, limit: wanted }),
      isShown: (document) => isVisible(document, caller),
      keyOf: ({ _id }) => _id,
    });
    return { items: items.map(viewOf), next };
  }

  /** Ends it within a second; counts then name exactly what was written. */
  async cancel(importId: string, caller: Caller): Promise<Import> {
    const found = requireControl(await this.imports.find(importId), caller, importId);
    if (found.state === 'cancelled') return viewOf(found);
    if (finalStates.includes(found.state)) throw new KeyportError('IMPORT_STATE', { importId, state: found.state });
    if (!(await this.imports.cancelResting(importId))) {
      await this.imports.requestCancel(importId);
      await this.intake.cancelled(importId, cancelWaitMs);
    }
    return viewOf((await this.imports.find(importId)) ?? found);
  }

  async rejects(request: RequestOf<typeof listRejects>, caller: Caller): Promise<ReplyOf<typeof listRejects>> {
    const { importId, limit, cursor } = request;
    requireRows(await this.visible(importId, caller), caller);
    const afterRow = readCursor(z.number().int(), cursor) ?? -1;
    const found = await this.rejectedRows.list(importId, afterRow, limit + 1);
    return listPage(found, limit, ({ row }) => row);
  }

  private async visible(importId: string, caller: Caller): Promise<ImportDocument> {
    return requireVisible(await this.imports.find(importId), caller, importId);
  }
}
