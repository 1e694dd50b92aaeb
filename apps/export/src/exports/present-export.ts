import type { Export } from '@keyport/contracts';
import type { ExportView } from './export.model.ts';

/** The export as its owner sees it. */
export const presentExport = (found: ExportView): Export => ({
  id: found._id,
  dataset: found.dataset,
  format: found.selection.format,
  compression: found.selection.compression ?? 'none',
  state: found.state,
  createdAt: found.createdAt.toISOString(),
  startedAt: textOf(found.startedAt),
  finishedAt: textOf(found.finishedAt),
  counts: { written: found.written },
  bytes: found.bytes,
  digest: found.digest,
  since: found.digest === null ? null : (found.since ?? null),
  expiresAt: textOf(found.expiresAt),
  ...(found.error && { error: { code: found.error.code, detail: found.error.detail } }),
});

const textOf = (instant: Date | null) => instant?.toISOString() ?? null;
