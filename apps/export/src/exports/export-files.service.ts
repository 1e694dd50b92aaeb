import type { Caller } from '@keyport/access';
import {
  KeyportError,
  signFileLink,
  type createExportLink,
  type readExportFile,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import type { ExportView } from './export.model.ts';
import { requireFile, requireVisible } from './export-visibility.ts';
import { ExportsRepository } from './exports.repository.ts';
import { PartsRepository } from './parts.repository.ts';

/** Bytes; the contract's limit of one reply. */
const maxReadBytes = 1024 * 1024;

/** Files of completed exports, for whoever may read what is in them. */
@Injectable()
export class ExportFiles {
  constructor(
    private readonly exports: ExportsRepository,
    private readonly parts: PartsRepository,
    private readonly requester: Requester,
  ) {}

  async read({ exportId, offset, length }: RequestOf<typeof readExportFile>, caller: Caller): Promise<Uint8Array> {
    await this.readable(exportId, caller);
    return this.parts.read(exportId, offset, Math.min(length, maxReadBytes));
  }

  /** Lives no longer than the file. */
  async link(
    { exportId, expiresInSeconds }: RequestOf<typeof createExportLink>,
    caller: Caller,
  ): Promise<ReplyOf<typeof createExportLink>> {
    const { _id, dataset, expiresAt } = await this.readable(exportId, caller);
    const leftSeconds = Math.floor(((expiresAt?.getTime() ?? 0) - Date.now()) / 1000);
    if (leftSeconds < 1) throw new KeyportError('EXPORT_EXPIRED', { exportId });
    const lifetime = { expiresInSeconds: Math.min(expiresInSeconds, leftSeconds) };
    const { authority } = caller;
    return this.requester.request(signFileLink, { exportId: _id, dataset, ...lifetime }, { authority });
  }

  /** Throws EXPORT_NOT_FOUND, INSUFFICIENT_SCOPE, EXPORT_NOT_READY and EXPORT_EXPIRED. */
  private async readable(exportId: string, caller: Caller): Promise<ExportView> {
    const job = requireVisible(await this.exports.find(exportId), caller, exportId);
    requireFile(job, caller);
    if (job.state === 'expired') throw new KeyportError('EXPORT_EXPIRED', { exportId });
    if (job.state !== 'completed') throw new KeyportError('EXPORT_NOT_READY', { exportId, state: job.state });
    return job;
  }
}
