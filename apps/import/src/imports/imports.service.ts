import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type createImport,
  type Import,
  type listImports,
  type listRejects,
  type ReplyOf,
  type RequestOf,
  type sealUpload,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { IntakeService } from '../intake/intake.service.ts';
import { AcceptanceService } from './acceptance.service.ts';
import type { ImportDocument } from './import.model.ts';
import { viewOf } from './import-view.ts';
import { finalStates } from './import-state.ts';
import { ImportsRepository } from './imports.repository.ts';
import { RejectedRowsRepository } from './rejected-rows.repository.ts';
import { isCreator, requireControl, requireVisible, visibleTo } from './visibility.ts';

/** Longer than a holder in another process takes to see the request. */
const cancelWaitMs = 1_500;

@Injectable()
export class ImportsService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly rejectedRows: RejectedRowsRepository,
    private readonly acceptance: AcceptanceService,
    private readonly intake: IntakeService,
  ) {}

  async create(request: RequestOf<typeof createImport>, caller: Caller): Promise<ReplyOf<typeof createImport>> {
    const { _id, epoch } = await this.acceptance.accept(request, caller);
    this.intake.look();
    return { importId: _id, epoch };
  }

  async seal({ importId, epoch, length }: RequestOf<typeof sealUpload>, caller: Caller): Promise<Import> {
    const found = await this.visible(importId, caller);
    if (!isCreator(found, caller)) throw new KeyportError('IMPORT_NOT_FOUND', { importId });
    const sealed = await this.imports.seal(importId, epoch, length);
    if (!sealed) return viewOf(sealedBefore(await this.visible(importId, caller), epoch, length));
    this.intake.sealed(importId, length);
    return viewOf(sealed);
  }

  async get(importId: string, caller: Caller): Promise<Import> {
    return viewOf(await this.visible(importId, caller));
  }

  async list(request: RequestOf<typeof listImports>, caller: Caller): Promise<ReplyOf<typeof listImports>> {
    const { dataset, state, limit, cursor } = request;
    const after = readCursor(z.string(), cursor);
    const found = await this.imports.list({ visible: visibleTo(caller), dataset, state, after, limit: limit + 1 });
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(viewOf), next };
  }

  /** Ends it within a second; counts then name exactly what was written. */
  async cancel(importId: string, caller: Caller): Promise<Import> {
    const found = await this.visible(importId, caller);
    requireControl(found, caller, 'imports:update');
    if (found.state === 'cancelled') return viewOf(found);
    if (finalStates.includes(found.state)) throw new KeyportError('IMPORT_STATE', { importId, state: found.state });
    if (!(await this.imports.cancelResting(importId))) {
      await this.imports.requestCancel(importId);
      await this.intake.cancelled(importId, cancelWaitMs);
    }
    return viewOf(await this.visible(importId, caller));
  }

  async rejects(request: RequestOf<typeof listRejects>, caller: Caller): Promise<ReplyOf<typeof listRejects>> {
    const { importId, limit, cursor } = request;
    await this.visible(importId, caller);
    const afterRow = readCursor(z.number().int(), cursor) ?? -1;
    const found = await this.rejectedRows.list(importId, afterRow, limit + 1);
    return listPage(found, limit, ({ row }) => row);
  }

  private async visible(importId: string, caller: Caller): Promise<ImportDocument> {
    return requireVisible(await this.imports.find(importId), caller, importId);
  }
}

/** Sealing twice does no harm, and an import that ended early is shown as it ended. Anything else is a clash. */
function sealedBefore(found: ImportDocument, epoch: number, length: number): ImportDocument {
  if (found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
  if (found.sealedLength !== null && found.sealedLength !== length) throw new KeyportError('UPLOAD_SUPERSEDED');
  return found;
}
