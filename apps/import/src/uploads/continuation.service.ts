import type { Caller } from '@keyport/access';
import { KeyportError, type createImport, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { AcceptanceService, requestDigestOf } from '../imports/acceptance.service.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { openStates } from '../imports/import-state.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { isOwn } from '../imports/visibility.ts';
import { SpoolRoom } from '../intake/spool-room.service.ts';
import { UploadFence } from './upload-fence.ts';
import { UploadsRepository } from './uploads.repository.ts';

type Create = RequestOf<typeof createImport>;
type Created = ReplyOf<typeof createImport>;

/** Goes on with the import that an `Idempotency-Key` stands for already. */
@Injectable()
export class Continuation {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly uploads: UploadsRepository,
    private readonly acceptance: AcceptanceService,
    private readonly fence: UploadFence,
    private readonly room: SpoolRoom,
  ) {}

  /** Undefined where the request names no key, or one that stands for nothing. Throws IDEMPOTENCY_KEY_REUSED. */
  async find(request: Create, caller: Caller): Promise<Created | undefined> {
    if (request.idempotencyKey === undefined) return undefined;
    const found = await this.uploads.findByKey(caller.creator, request.idempotencyKey);
    if (!found) return undefined;
    const importId = found._id;
    if (found.requestDigest !== requestDigestOf(request))
      throw new KeyportError('IDEMPOTENCY_KEY_REUSED', { importId });
    this.acceptance.requireRights(request, caller);
    if (!isOwn(found, caller)) throw new KeyportError('IMPORT_NOT_FOUND', { importId });
    const opened = isOpen(found) ? await this.fence.begin(importId) : null;
    if (!opened) return finished((await this.imports.find(importId)) ?? found);
    const { offset, digest, epoch } = opened.tail;
    const reservedBytes = opened.document.reserved?.bytes ?? offset + this.room.portion;
    return { importId, epoch, reservedBytes, resumed: { offset, digest } };
  }
}

const isOpen = ({ state, sealedLength }: ImportDocument) => sealedLength === null && openStates.includes(state);

const finished = ({ _id, epoch, file }: ImportDocument): Created => ({
  ...{ importId: _id, epoch, reservedBytes: 0 },
  finished: file ?? null,
});
