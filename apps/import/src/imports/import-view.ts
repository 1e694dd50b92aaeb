import { describeError, type Import } from '@keyport/contracts';
import { retryView } from '../retrying/retry.ts';
import { undoView } from '../undoing/undo.ts';
import type { ImportDocument } from './import.model.ts';

const textOf = (instant: Date | null) => instant?.toISOString() ?? null;

/** What a caller sees of an import. */
export function viewOf(document: ImportDocument): Import {
  const { error, counts } = document;
  return {
    id: document._id,
    dataset: document.dataset,
    mode: document.mode,
    format: document.format,
    dryRun: document.dryRun ?? false,
    state: document.state,
    createdAt: document.createdAt.toISOString(),
    startedAt: textOf(document.startedAt),
    finishedAt: textOf(document.finishedAt),
    counts: { ...counts },
    bytes: { received: document.received, processed: document.position.processed },
    ...(document.retry && { retry: retryView(document.retry) }),
    ...(document.undo && { undo: undoView(document.undo) }),
    ...(error && { error: { code: error.code, detail: describeError(error.code, error.params) } }),
  };
}
