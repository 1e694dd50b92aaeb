import { exportCompleted, exportFailed } from '@keyport/contracts';
import type { Told, UntoldEvent } from '@keyport/outbox';
import type { ExportRecord } from './export.model.ts';

/** What `presentEvent` reads. */
export const presentedFields = [
  ...(['dataset', 'datasetId', 'selection', 'finishedAt', 'expiresAt', 'written', 'bytes', 'digest', 'error'] as const),
];

/** An export that has ended stays what it is until it is forgotten: the event says what the export says. */
export function presentEvent(found: ExportRecord, { type, time }: UntoldEvent): Told {
  const { _id: exportId, dataset, datasetId, selection, error } = found;
  const { format, compression = 'none' } = selection;
  const finishedAt = (found.finishedAt ?? time).toISOString();
  const data = { exportId, dataset, datasetId, format, compression, finishedAt };
  switch (type) {
    case exportCompleted.type:
      return { subject: exportId, data: { ...data, ...fileOf(found) } };
    case exportFailed.type:
      return { subject: exportId, data: { ...data, error: { code: error?.code } } };
    default:
      return { subject: exportId, data };
  }
}

const fileOf = ({ written, bytes, digest, expiresAt }: ExportRecord) => ({
  ...{ written, bytes, digest },
  expiresAt: expiresAt?.toISOString(),
});
