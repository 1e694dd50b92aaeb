import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError, type Import } from '@keyport/contracts';
import { isDuplicateKey, newJobId } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { AcceptanceService } from '../imports/acceptance.service.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { viewOf } from '../imports/import-view.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { isVisible, requireControl } from '../imports/visibility.ts';
import { IntakeService } from '../intake/intake.service.ts';
import { RejectedRowsRepository } from '../rejects/rejected-rows.repository.ts';
import { RetriesRepository } from './retries.repository.ts';
import { requireRetryable, retryOf, selectionBehind, type Selection, type WholeRows } from './retry.ts';

/** Details of rejected rows that follow the end of an import are there after so long, or were lost with their process. */
const followMs = 5_000;

/** Asks again what an import rejected, as an import of its own; each row once. */
@Injectable()
export class RetryService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly retries: RetriesRepository,
    private readonly rejectedRows: RejectedRowsRepository,
    private readonly acceptance: AcceptanceService,
    private readonly intake: IntakeService,
  ) {}

  /** Throws what `retryImport` says. */
  async retry(importId: string, caller: Caller): Promise<Import> {
    const found = requireControl(await this.imports.find(importId), caller, importId);
    const { dataset, mode } = found;
    const actions = this.acceptance.requireRights({ dataset, options: { mode } }, caller);
    requireRetryable(found);
    for (;;) {
      const before = await this.retries.findNewestOf(importId);
      const selection = selectionBehind(before);
      if (!selection) return viewOf(requireOpen(before, caller, importId));
      const asked = { selection, whole: await this.wholeRows(found, selection) };
      try {
        // No byte is sent, so that it counts as an import of the day alone.
        const job = { dataset, actions, contentLength: 0 };
        const retry = await this.acceptance.store(newJobId(), job, caller, (given) => retryOf(found, asked, given));
        this.intake.look();
        return viewOf(retry);
      } catch (error) {
        // Of several requests at the same time one made the retry. Or another import has this id.
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }

  private async wholeRows({ _id: importId, finishedAt }: ImportDocument, selection: Selection): Promise<WholeRows> {
    const expected = (await this.rejectedRows.find(importId))?.kept.rows ?? 0;
    const until = Math.min(finishedAt?.getTime() ?? 0, Date.now()) + followMs;
    for (;;) {
      const whole = await this.retries.countKept(importId, selection);
      if (whole.kept >= expected || Date.now() >= until) return whole;
      await delay(100);
    }
  }
}

/** Throws ALREADY_RETRIED to who may not see the import that did so. */
function requireOpen(retry: ImportDocument | null, caller: Caller, importId: string): ImportDocument {
  if (retry && isVisible(retry, caller)) return retry;
  throw new KeyportError('ALREADY_RETRIED', { importId });
}
