import type { Caller } from '@keyport/access';
import { KeyportError, type Import, type listImports, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { filledPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SpoolPurge } from '../intake/spool-purge.service.ts';
import { IntakeService } from '../intake/intake.service.ts';
import type { ImportDocument } from './import.model.ts';
import { viewOf } from './import-view.ts';
import { finalStates } from './import-state.ts';
import { ImportsRepository } from './imports.repository.ts';
import { isVisible, perhapsVisible, requireControl, requireVisible } from './visibility.ts';

/** Longer than a holder in another process takes to see the request. */
const cancelWaitMs = 1_500;

@Injectable()
export class ImportsService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly intake: IntakeService,
    private readonly purge: SpoolPurge,
  ) {}

  async get(importId: string, caller: Caller): Promise<Import> {
    return viewOf(await this.visible(importId, caller));
  }

  async list(request: RequestOf<typeof listImports>, caller: Caller): Promise<ReplyOf<typeof listImports>> {
    const { dataset, state, createdAfter, createdBefore, limit, cursor } = request;
    const filter = {
      dataset,
      states: typeof state === 'string' ? [state] : state,
      createdAfter: dateOf(createdAfter),
      createdBefore: dateOf(createdBefore),
    };
    const visible = perhapsVisible(caller);
    const { items, next } = await filledPage({
      ...{ limit, after: readCursor(z.string(), cursor) },
      find: (after, wanted) => this.imports.list({ visible, ...filter, after, limit: wanted }),
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
    if (await this.imports.cancelResting(importId)) await this.purge.all(importId);
    else {
      await this.imports.requestCancel(importId);
      await this.intake.cancelled(importId, cancelWaitMs);
    }
    return viewOf((await this.imports.find(importId)) ?? found);
  }

  private async visible(importId: string, caller: Caller): Promise<ImportDocument> {
    return requireVisible(await this.imports.find(importId), caller, importId);
  }
}

const dateOf = (instant: string | undefined) => (instant === undefined ? undefined : new Date(instant));
