import {
  importCancelled,
  importCompleted,
  importExpired,
  importFailed,
  importUndone,
  type EventContract,
} from '@keyport/contracts';
import type { Told, UntoldEvent } from '@keyport/outbox';
import type { ImportDocument } from './import.model.ts';
import type { ImportEvent } from './import-state.ts';

const told: Partial<Record<ImportEvent, EventContract>> = {
  complete: importCompleted,
  fail: importFailed,
  cancel: importCancelled,
  expire: importExpired,
};

/** Undefined for moves of which the world is not told. */
export const eventOf = (event: ImportEvent): EventContract | undefined => told[event];

/** What `presentEvent` reads. */
export const presentedFields = [
  ...(['dataset', 'datasetId', 'mode', 'dryRun', 'counts', 'startedAt', 'finishedAt', 'error', 'undo'] as const),
];

/** An import changes no more once it has ended, nor does its undo: the event says what the import says. */
export function presentEvent(document: ImportDocument, { type, time }: UntoldEvent): Told | undefined {
  const { _id: importId, dataset, datasetId, mode, dryRun, counts, startedAt, finishedAt, error, undo } = document;
  // Of a dry run nothing happened that the world could want to know of.
  if (dryRun) return undefined;
  const job = { importId, dataset, datasetId };
  if (type === importUndone.type) {
    const { removed = 0, left = 0, gone = 0 } = undo ?? {};
    return { subject: importId, data: { ...job, removed, left, gone, finishedAt: textOf(undo?.finishedAt ?? time) } };
  }
  const times = { startedAt: startedAt && textOf(startedAt), finishedAt: textOf(finishedAt ?? time) };
  return { subject: importId, data: { ...job, mode, counts, ...times, ...(error && { error: { code: error.code } }) } };
}

const textOf = (instant: Date): string => instant.toISOString();
