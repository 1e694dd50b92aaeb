import type { Caller } from '@keyport/access';
import {
  createGrant,
  KeyportError,
  type Import,
  type listLeft,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { ImportDocument } from '../imports/import.model.ts';
import { finalStates } from '../imports/import-state.ts';
import { viewOf } from '../imports/import-view.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { requireControl, requireRows, requireVisible } from '../imports/visibility.ts';
import { UndoRunner } from './undo-runner.service.ts';
import { UndosRepository } from './undos.repository.ts';

/** As long as `records` remembers what a chunk inserted (docs/adr/0012-what-undo-remembers.md). */
const rememberedMs = 30 * 24 * 3600 * 1000;

@Injectable()
export class UndoService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly undos: UndosRepository,
    private readonly runner: UndoRunner,
    private readonly requester: Requester,
  ) {}

  /** Throws IMPORT_NOT_FOUND, INSUFFICIENT_SCOPE, IMPORT_STATE where it has not ended, and UNDO_EXPIRED. */
  async undo(importId: string, caller: Caller): Promise<Import> {
    const found = requireControl(await this.imports.find(importId), caller, importId);
    caller.require('records:delete', found.dataset);
    if (found.undo && found.undo.state !== 'failed') return viewOf(found);
    requireUndoable(found);
    // What it may delete is what who asks may delete, and ends with their rights.
    const { grant } = await this.requester.request(
      createGrant,
      { jobId: importId, dataset: found.dataset, actions: ['records:delete'] },
      { authority: caller.authority },
    );
    await this.undos.start(importId, found.undo ?? null, grant);
    this.runner.look();
    return viewOf((await this.imports.find(importId)) ?? found);
  }

  async left(
    { importId, limit, cursor }: RequestOf<typeof listLeft>,
    caller: Caller,
  ): Promise<ReplyOf<typeof listLeft>> {
    requireRows(requireVisible(await this.imports.find(importId), caller, importId), caller);
    const after = readCursor(z.number().int(), cursor) ?? -1;
    const page = listPage(await this.undos.left(importId, after, limit + 1), limit, ({ place }) => place);
    return { ...page, items: page.items.map(({ id, reason }) => ({ id, reason })) };
  }
}

function requireUndoable({ _id: importId, state, createdAt, dryRun }: ImportDocument): void {
  if (dryRun) throw new KeyportError('IMPORT_STATE', { importId, state: 'a dry run' });
  if (!finalStates.includes(state)) throw new KeyportError('IMPORT_STATE', { importId, state });
  if (Date.now() - createdAt.getTime() > rememberedMs) throw new KeyportError('UNDO_EXPIRED', { importId });
}
