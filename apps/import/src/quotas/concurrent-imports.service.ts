import type { Caller } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { importModel, seatsIndex, type ImportDocument } from '../imports/import.model.ts';
import { unfinishedStates } from '../imports/import-state.ts';
import { HolderLimits } from './holder-limits.service.ts';
import { freeSeat, type Seats } from './seats.ts';

/** Seconds after which an import may have ended; nobody knows when one will. */
const retryAfterSeconds = 5;

type Seated = Pick<ImportDocument, 'creator' | 'seat' | 'ownSeat'>;

/**
 * How many imports that have not ended one holder may have, and all together. Each has a seat: a number that a unique
 * index over unfinished imports gives out once. So nothing is counted that could be counted wrong: an import gives its
 * seats back by ending, however it ends, and of two that are accepted at the same moment one finds the seat taken.
 */
@Injectable()
export class ConcurrentImports {
  private readonly imports: Model<ImportDocument>;

  constructor(
    private readonly limits: HolderLimits,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
    @Inject(MONGO_CONNECTION) connection: Connection,
  ) {
    this.imports = importModel(connection);
  }

  /** Seats that were free just now. Throws TOO_MANY_IMPORTS and TOO_MANY_IMPORTS_IN_ALL. */
  async seatsFor(caller: Caller): Promise<Seats> {
    const unfinished = await this.imports
      .find({ state: { $in: unfinishedStates } })
      .select({ _id: 0, creator: 1, seat: 1, ownSeat: 1 })
      .hint(seatsIndex)
      .lean<Seated[]>()
      .exec();
    const own = unfinished.filter(({ creator }) => creator === caller.creator);
    const limit = this.limits.of(caller).concurrentImports;
    const ownSeat = freeSeat(own.map(numberOf('ownSeat')), limit);
    if (ownSeat === undefined) throw new KeyportError('TOO_MANY_IMPORTS', { limit, retryAfterSeconds });
    const limitInAll = this.config.KEYPORT_CONCURRENT_IMPORTS_IN_ALL;
    const seat = freeSeat(unfinished.map(numberOf('seat')), limitInAll);
    if (seat === undefined) throw new KeyportError('TOO_MANY_IMPORTS_IN_ALL', { limit: limitInAll, retryAfterSeconds });
    return { ownSeat, seat };
  }
}

/** Somebody else took the seat meanwhile. */
export const isSeatTaken = (error: unknown): boolean =>
  isDuplicateKey(error) && Object.keys((error as { keyPattern?: object }).keyPattern ?? {}).some(isSeatField);

const isSeatField = (field: string) => field === 'seat' || field === 'ownSeat';

const numberOf = (field: 'seat' | 'ownSeat') => (document: Seated) => document[field] ?? null;
