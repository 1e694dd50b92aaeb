import type { Caller } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection } from 'mongoose';
import type { ImportDocument, Reserved } from '../imports/import.model.ts';
import { HolderLimits } from './holder-limits.service.ts';
import { portionBytes, portionOf } from './portion.ts';
import { dayOf, secondsUntilMidnight } from './quota-day.ts';
import { UsedQuotasRepository } from './used-quotas.repository.ts';

type Unit = 'imports' | 'bytes';

/** Imports, and bytes of uploads, that one holder (`Caller.creator`) may begin and send in a UTC day. */
@Injectable()
export class QuotasService {
  constructor(
    private readonly used: UsedQuotasRepository,
    private readonly limits: HolderLimits,
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
  ) {}

  /**
   * Counts one more import, with the first bytes of its upload, in one transaction with the import itself. Throws
   * QUOTA_EXCEEDED where none is left, or fewer bytes than the client says it will send.
   */
  async admit<Result>(
    caller: Caller,
    contentLength: number | undefined,
    store: (reserved: Reserved | null, session?: ClientSession) => Promise<Result>,
  ): Promise<Result> {
    const { importsPerDay, importBytesPerDay } = this.limits.of(caller);
    if (importsPerDay === undefined && importBytesPerDay === undefined) return store(null);
    const now = new Date();
    const day = dayOf(now);
    return inTransaction(this.connection, async (session) => {
      const used = await this.used.find(caller.creator, day, session);
      if (importsPerDay !== undefined && used.imports >= importsPerDay) throw usedUp('imports', importsPerDay, now);
      const bytes = firstPortion(importBytesPerDay, used.bytes, contentLength);
      if (bytes === undefined) throw usedUp('bytes', importBytesPerDay ?? 0, now);
      await this.used.add(caller.creator, day, { imports: 1, bytes }, session);
      return store(importBytesPerDay === undefined ? null : { bytes, day }, session);
    });
  }

  limitsBytes(caller: Caller): boolean {
    return this.limits.of(caller).importBytesPerDay !== undefined;
  }

  /**
   * Takes bytes for the first `length` of an upload, where they are not taken already, and some ahead. `read` and `store`
   * are of the import, in the same transaction. Throws QUOTA_EXCEEDED.
   */
  async reserve(
    caller: Caller,
    length: number,
    read: (session: ClientSession) => Promise<Reserved>,
    store: (reserved: Reserved, session: ClientSession) => Promise<void>,
  ): Promise<Reserved> {
    const limit = this.limits.of(caller).importBytesPerDay ?? Infinity;
    const now = new Date();
    const day = dayOf(now);
    return inTransaction(this.connection, async (session) => {
      const before = await read(session);
      if (before.bytes >= length) return before;
      const used = await this.used.find(caller.creator, day, session);
      const bytes = portionOf({ need: length - before.bytes, left: limit - used.bytes });
      if (bytes === undefined) throw usedUp('bytes', limit, now);
      await this.used.add(caller.creator, day, { imports: 0, bytes }, session);
      const reserved = { bytes: before.bytes + bytes, day };
      await store(reserved, session);
      return reserved;
    });
  }

  /** Gives back what an upload of this length took ahead, in one transaction with the seal. */
  async settle(
    { creator, reserved }: ImportDocument,
    length: number,
    seal: (session?: ClientSession) => Promise<ImportDocument | null>,
  ): Promise<ImportDocument | null> {
    if (!reserved || reserved.bytes <= length) return seal();
    return inTransaction(this.connection, async (session) => {
      const sealed = await seal(session);
      if (sealed) await this.used.add(creator, reserved.day, { imports: 0, bytes: length - reserved.bytes }, session);
      return sealed;
    });
  }
}

/** A small file has all that it needs at once; of one whose length nobody knows, a byte is there at least. */
function firstPortion(limit: number | undefined, used: number, contentLength: number | undefined): number | undefined {
  if (limit === undefined) return 0;
  const left = limit - used;
  if ((contentLength ?? 1) > left) return undefined;
  return portionOf({ need: Math.min(contentLength ?? 1, portionBytes), atMost: contentLength, left });
}

const usedUp = (unit: Unit, limit: number, now: Date) =>
  new KeyportError('QUOTA_EXCEEDED', { unit, limit, retryAfterSeconds: secondsUntilMidnight(now) });
