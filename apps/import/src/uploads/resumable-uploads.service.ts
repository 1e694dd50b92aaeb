import type { Caller } from '@keyport/access';
import {
  changingAction,
  KeyportError,
  type acknowledgeUpload,
  type refuseUpload,
  type ReplyOf,
  type RequestOf,
  type resumeUpload,
  type UploadView,
} from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { openStates } from '../imports/import-state.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { UploadsService } from '../imports/uploads.service.ts';
import { isOwn } from '../imports/visibility.ts';
import { Interruption } from '../intake/interruption.service.ts';
import { SpoolRoom } from '../intake/spool-room.service.ts';
import { UploadFence } from './upload-fence.ts';
import { UploadsRepository } from './uploads.repository.ts';

/** Uploads that come in several requests, the way tus 1.0 brings them. */
@Injectable()
export class ResumableUploads {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly uploads: UploadsRepository,
    private readonly sealing: UploadsService,
    private readonly fence: UploadFence,
    private readonly interruption: Interruption,
    private readonly room: SpoolRoom,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  async get(importId: string, caller: Caller): Promise<UploadView> {
    const found = await this.own(importId, caller);
    if (found.sealedLength !== null && found.state !== 'cancelled') return this.viewOf(found, found.sealedLength);
    requireOpen(found);
    const { offset } = await this.fence.count(importId);
    return offset === found.uploadLength ? this.finish(found, caller) : this.viewOf(found, offset);
  }

  async resume(request: RequestOf<typeof resumeUpload>, caller: Caller): Promise<ReplyOf<typeof resumeUpload>> {
    const { importId, offset, length, bytes = 0 } = request;
    const found = await this.own(importId, caller);
    if (found.sealedLength !== null) throw new KeyportError('UPLOAD_OFFSET', { offset: found.sealedLength });
    requireOpen(found);
    requireRights(found, caller);
    if (length !== undefined) await this.tellLength(found, length);
    const uploadLength = found.uploadLength ?? length ?? null;
    if (offset + bytes > (uploadLength ?? Infinity)) throw tooLarge(uploadLength);
    const opened = await this.fence.begin(importId);
    if (!opened) throw new KeyportError('UPLOAD_GONE', { state: (await this.own(importId, caller)).state });
    const { document, tail } = opened;
    if (tail.offset !== offset) throw new KeyportError('UPLOAD_OFFSET', { offset: tail.offset });
    if (tail.offset > (uploadLength ?? Infinity)) throw tooLarge(uploadLength);
    const reservedBytes = document.reserved?.bytes ?? offset + this.room.portion;
    return { importId, epoch: tail.epoch, reservedBytes, length: uploadLength };
  }

  async acknowledge(request: RequestOf<typeof acknowledgeUpload>, caller: Caller): Promise<UploadView> {
    const { importId, epoch, length } = request;
    const found = await this.own(importId, caller);
    if (found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
    if (found.sealedLength === null) requireOpen(found);
    if (found.uploadLength === length) return this.seal(found, epoch, length, caller);
    const acknowledged = await this.uploads.acknowledge(importId, epoch, length);
    if (acknowledged) return this.viewOf(acknowledged, length);
    const now = await this.own(importId, caller);
    requireOpen(now);
    throw new KeyportError('UPLOAD_SUPERSEDED');
  }

  async refuse({ importId, epoch, algorithm }: RequestOf<typeof refuseUpload>, caller: Caller) {
    const found = await this.imports.find(importId);
    if (!found || !isOwn(found, caller)) throw new KeyportError('IMPORT_NOT_FOUND', { importId });
    if (found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
    await this.uploads.releaseKey(importId);
    await this.interruption.fail(importId, { code: 'CONTENT_DIGEST_MISMATCH', params: { algorithm } });
    return {};
  }

  /** The gateway was killed between the last byte and the seal: who asks now has nothing more to send. */
  private async finish(found: ImportDocument, caller: Caller): Promise<UploadView> {
    const opened = await this.fence.begin(found._id);
    if (!opened) return this.get(found._id, caller);
    const { epoch, offset } = opened.tail;
    return offset === found.uploadLength ? this.seal(found, epoch, offset, caller) : this.viewOf(found, offset);
  }

  private async seal(found: ImportDocument, epoch: number, length: number, caller: Caller): Promise<UploadView> {
    const { state } = await this.sealing.seal({ importId: found._id, epoch, length }, caller);
    return { ...this.viewOf(found, length), state, expiresAt: null };
  }

  private async tellLength({ _id: importId, uploadLength = null }: ImportDocument, length: number): Promise<void> {
    if (uploadLength === length) return;
    if (uploadLength !== null || !(await this.uploads.setLength(importId, length))) throw tooLarge(uploadLength);
  }

  private async own(importId: string, caller: Caller): Promise<ImportDocument> {
    const found = await this.imports.find(importId);
    if (!found?.resumable || !isOwn(found, caller)) throw new KeyportError('IMPORT_NOT_FOUND', { importId });
    return found;
  }

  private viewOf({ sealedLength, uploadLength, uploadMetadata, state, touchedAt }: ImportDocument, offset: number) {
    const expires = new Date(touchedAt.getTime() + this.config.KEYPORT_UPLOAD_EXPIRES_SECONDS * 1000);
    return {
      offset,
      length: sealedLength ?? uploadLength ?? null,
      metadata: uploadMetadata ?? '',
      state,
      expiresAt: sealedLength === null ? expires.toISOString() : null,
    };
  }
}

/** As for the import at its beginning. Throws INSUFFICIENT_SCOPE. */
function requireRights({ dataset, mode }: ImportDocument, caller: Caller): void {
  const changing = changingAction[mode];
  for (const action of ['imports:create' as const, ...(changing ? [changing] : [])]) caller.require(action, dataset);
}

/** Throws UPLOAD_GONE. */
function requireOpen({ state }: ImportDocument): void {
  if (!openStates.includes(state)) throw new KeyportError('UPLOAD_GONE', { state });
}

const tooLarge = (limit: number | null | undefined) => new KeyportError('UPLOAD_TOO_LARGE', { limitBytes: limit ?? 0 });
