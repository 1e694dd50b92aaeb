import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type createImport,
  type Import,
  type ReplyOf,
  type RequestOf,
  type reserveUpload,
  type sealUpload,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { isDuplicateKey } from '@keyport/mongo';
import { IntakeService } from '../intake/intake.service.ts';
import { Interruption } from '../intake/interruption.service.ts';
import { SpoolRoom } from '../intake/spool-room.service.ts';
import { endsFromOutside } from '../intake/run-ending.ts';
import { QuotasService } from '../quotas/quotas.service.ts';
import { Continuation } from '../uploads/continuation.service.ts';
import { UploadsRepository } from '../uploads/uploads.repository.ts';
import { AcceptanceService } from './acceptance.service.ts';
import type { ImportDocument, Reserved } from './import.model.ts';
import { viewOf } from './import-view.ts';
import { ImportsRepository } from './imports.repository.ts';
import { PausingRepository } from './pausing.repository.ts';
import { isOwn } from './visibility.ts';

/** What gateways ask in the name of who sends a file: announced, on its way, and whole. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly pausing: PausingRepository,
    private readonly acceptance: AcceptanceService,
    private readonly intake: IntakeService,
    private readonly interruption: Interruption,
    private readonly quotas: QuotasService,
    private readonly uploads: UploadsRepository,
    private readonly continuation: Continuation,
    private readonly room: SpoolRoom,
  ) {}

  async create(request: RequestOf<typeof createImport>, caller: Caller): Promise<ReplyOf<typeof createImport>> {
    for (;;) {
      const continued = await this.continuation.find(request, caller);
      if (continued) return continued;
      try {
        const { _id, epoch, reserved } = await this.acceptance.accept(request, caller);
        this.intake.look();
        return { importId: _id, epoch, reservedBytes: reserved?.bytes ?? this.room.portion };
      } catch (error) {
        // Of several requests with one key at the same time one made the import, and the others go on with it.
        if (isDuplicateKey(error)) continue;
        const continuedNow = isCrowded(error) && (await this.continuation.find(request, caller));
        if (continuedNow) return continuedNow;
        throw error;
      }
    }
  }

  /** Once the holder's bytes of the day are used up the import ends: what of it was sent before is written and counted. */
  async reserve({ importId, epoch, length }: RequestOf<typeof reserveUpload>, caller: Caller) {
    const found = await this.own(importId, caller);
    requireWanted(found);
    if (found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
    if (found.state === 'paused') await this.pausing.touch(importId);
    try {
      await this.room.requireForMore(found, length);
      if (!this.quotas.limitsBytes(caller)) return { reservedBytes: length + this.room.portion };
      const { bytes } = await this.quotas.reserve(
        caller,
        length,
        async (session) => reservedOf(await this.imports.find(importId, session), epoch),
        (reserved, session) => this.imports.setReserved(importId, reserved, session),
      );
      return { reservedBytes: bytes };
    } catch (error) {
      if (error instanceof KeyportError && endsFromOutside.has(error.code))
        await this.interruption.fail(importId, error);
      throw error;
    }
  }

  async seal({ importId, epoch, length, digest }: RequestOf<typeof sealUpload>, caller: Caller): Promise<Import> {
    const found = await this.own(importId, caller);
    const seal = (session?: ClientSession) => this.imports.seal(importId, epoch, { length, digest }, session);
    const sealed = await this.quotas.settle(found, length, seal);
    if (!sealed) {
      const before = sealedBefore(await this.own(importId, caller), epoch, length);
      if (digest !== undefined) await this.uploads.setFile(importId, epoch, { length, digest });
      return viewOf(before);
    }
    this.intake.sealed(importId, length);
    return viewOf(sealed);
  }

  private async own(importId: string, caller: Caller): Promise<ImportDocument> {
    const found = await this.imports.find(importId);
    if (!found || !isOwn(found, caller)) throw new KeyportError('IMPORT_NOT_FOUND', { importId });
    return found;
  }
}

/** The seat may have gone to the import that another request with the same key made just now. */
const isCrowded = (error: unknown): boolean =>
  error instanceof KeyportError && error.code.startsWith('TOO_MANY_IMPORTS');

/** An import that was ended from outside takes nothing more; one that ended by itself may be sent to its end. */
function requireWanted({ error, failRequested }: ImportDocument): void {
  const failure = error ?? failRequested ?? undefined;
  if (failure && endsFromOutside.has(failure.code)) throw new KeyportError(failure.code, failure.params);
}

/** What an upload that is still being sent holds of its quota. */
function reservedOf(found: ImportDocument | null, epoch: number): Reserved {
  if (!found || found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
  if (found.error) throw new KeyportError(found.error.code, found.error.params);
  if (found.state !== 'receiving' && found.state !== 'paused')
    throw new KeyportError('IMPORT_STATE', { importId: found._id, state: found.state });
  return found.reserved ?? { bytes: 0, day: '' };
}

/** Sealing twice does no harm, and an import that ended early is shown as it ended. Anything else is a clash. */
function sealedBefore(found: ImportDocument, epoch: number, length: number): ImportDocument {
  if (found.epoch !== epoch) throw new KeyportError('UPLOAD_SUPERSEDED');
  if (found.sealedLength !== null && found.sealedLength !== length) throw new KeyportError('UPLOAD_SUPERSEDED');
  return found;
}
