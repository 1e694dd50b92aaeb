import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ImportDocument, UploadTail } from '../imports/import.model.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { IntakeService } from '../intake/intake.service.ts';
import type { SpoolPosition } from '../intake/piece-sequence.ts';
import { Spool } from '../intake/spool.ts';
import { countUpload, type CountedUpload, type StoredHead } from './spool-tail.ts';
import { UploadsRepository } from './uploads.repository.ts';

/** Counting begins again where the spool was purged meanwhile, which happens once in 32 MiB. */
const maxCounts = 20;

/** An upload of which one request, and no other, may add something now. */
export interface OpenedUpload {
  readonly document: ImportDocument;
  readonly tail: UploadTail;
}

/**
 * Decides what of an upload is there, and who may add to it. A request begins with an epoch of its own, stored first, and
 * then a mark in the stream itself: pieces of requests before either lie before the mark, and are counted, or behind it,
 * and never are. An acknowledgement asks whether the epoch still is the newest, so no acknowledged piece lies behind.
 */
@Injectable()
export class UploadFence {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly uploads: UploadsRepository,
    private readonly spool: Spool,
    private readonly intake: IntakeService,
  ) {}

  /** Null where nothing can be added any more. Throws UPLOAD_SUPERSEDED where yet another request came. */
  async begin(importId: string): Promise<OpenedUpload | null> {
    const document = await this.uploads.openEpoch(importId);
    if (!document) return null;
    const { epoch } = document;
    const sequence = await this.spool.mark(importId, epoch);
    const counted = await this.count(importId);
    const tail = { ...counted, sequence };
    if (counted.epoch === epoch && (await this.uploads.setTail(importId, tail))) {
      this.intake.look();
      return { document, tail };
    }
    const now = await this.imports.find(importId);
    if (now?.epoch === epoch) return null;
    throw new KeyportError('UPLOAD_SUPERSEDED');
  }

  /** The upload as it is in the spool at this moment. */
  async count(importId: string): Promise<CountedUpload> {
    for (let left = maxCounts; left > 0; left -= 1) {
      const start = startOf(await this.imports.find(importId));
      const heads = await this.spool.heads(importId, start.sequence);
      if (await this.isWhole(importId, start, heads)) return countUpload(start, heads);
    }
    throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'import' });
  }

  /** Nothing behind the start was purged before it was read: the piece that a position names is purged last. */
  private async isWhole(importId: string, start: SpoolPosition, [first]: readonly StoredHead[]): Promise<boolean> {
    if (!first || start.sequence === 0) return startOf(await this.imports.find(importId)).sequence === start.sequence;
    const oldest = await this.spool.firstSequence(importId);
    return first.sequence === start.sequence && oldest !== null && oldest <= first.sequence;
  }
}

/** The later of what the newest request began with, and where the reader goes on. */
function startOf(document: ImportDocument | null): SpoolPosition & { digest?: string | null } {
  if (!document) return { sequence: 0, offset: 0, epoch: 0 };
  const { tail, position } = document;
  return tail && tail.sequence > position.spool.sequence ? tail : position.spool;
}
