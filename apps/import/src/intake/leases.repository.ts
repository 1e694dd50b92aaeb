import { randomUUID } from 'node:crypto';
import type { ImportState } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { importModel, type Failure, type ImportDocument } from '../imports/import.model.ts';
import { activeStates, unfinishedStates } from '../imports/import-state.ts';
import { memoryOf } from './import-memory.ts';
import type { WaitingImport } from './places.ts';
import { suspectAfter } from './run-ending.ts';

/** What proves that an import is still held: every write of the holder is conditional on it. */
export interface Hold {
  readonly importId: string;
  readonly owner: string;
  readonly fence: number;
  /** All transactions of this holder run in it; ended with the run. */
  readonly session: ClientSession;
}

export interface Claimed {
  readonly document: ImportDocument;
  readonly hold: Hold;
  /** Whoever held it before gave it back with nothing under way. */
  readonly wasResting: boolean;
  /** Holders in a row, up to the last one, that died or froze without getting further. */
  readonly lostHolders: number;
}

/** What a holder needs to notice about an import while it works. */
export interface Sighting {
  readonly _id: string;
  readonly state: ImportState;
  readonly sealedLength: number | null;
  readonly cancelRequestedAt: Date | null;
  readonly failRequested?: Failure | null;
  readonly lease: { readonly owner: string | null; readonly fence: number };
}

export interface Rest {
  /** Nothing that was sent to the writer is uncounted. */
  readonly settled: boolean;
  readonly forMs: number;
  readonly failures?: number;
  /** Set where the upload was found idle: last piece that was read. */
  readonly idleSequence?: number | null;
  /** Of the upload when the import was taken: where another request goes on with it meanwhile, it is due at once. */
  readonly epoch?: number;
  /** Why whoever takes it next is to end it. */
  readonly failRequested?: Failure;
}

/** Milliseconds from now by the clock of MongoDB, so that clocks of processes do not matter. */
const inMs = (ms: number) => ({ $add: ['$$NOW', ms] });

/** Also false for a field that documents of earlier versions do not have. */
const isSet = (field: string) => ({ $ne: [{ $ifNull: [field, null] }, null] });

/** More would only make looking slower: those that waited longest are among them. */
const waitingAtOnce = 2_000;
const waitingFields = ['creator', 'contentEncoding', 'startedAt', 'lostHolders', 'notBefore'] as const;

const isFree = { $or: [{ $eq: ['$lease.owner', null] }, { $lte: ['$lease.expiresAt', '$$NOW'] }] };
/** Its holder died or froze: whoever gives an import back ends its session, settled or not. */
const isOrphaned = { $and: [{ $ne: ['$lease.owner', null] }, { $ne: ['$lease.session', null] }] };
/** Nothing of it may be read before all of it is there, and is what it should be. */
const isReadable = { $ne: ['$verifiedFirst', true] };
const claimable = { $and: [{ $lte: ['$notBefore', '$$NOW'] }, isFree, isReadable] };

/**
 * In a state in which somebody is to work on it: a paused one where a holder may have left chunks that are written and
 * not counted, or where it is to be ended.
 */
const hasWork = {
  $or: [
    { state: { $in: activeStates } },
    { state: 'paused' as const, 'lease.owner': { $ne: null } },
    { state: 'paused' as const, cancelRequestedAt: { $ne: null } },
    { state: 'paused' as const, failRequested: { $ne: null } },
  ],
};

/** Who holds which import. */
@Injectable()
export class LeasesRepository {
  /** Names this process, and no other that ever ran. */
  readonly owner = randomUUID();
  private readonly imports: Model<ImportDocument>;
  private readonly leaseMs: number;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.imports = importModel(connection);
    this.leaseMs = config.KEYPORT_IMPORT_LEASE_SECONDS * 1000;
  }

  /** Imports that wait for a place, except for those that this process works on: those that waited longest, at most. */
  async waiting(except: readonly string[]): Promise<WaitingImport[]> {
    const found = await this.imports
      .find({ _id: { $nin: except }, ...hasWork, $expr: claimable })
      .select([...waitingFields])
      .sort({ notBefore: 1 })
      .limit(waitingAtOnce)
      .lean<Pick<ImportDocument, '_id' | (typeof waitingFields)[number]>[]>()
      .exec();
    return found.map(({ _id, creator, contentEncoding, startedAt, lostHolders, notBefore }) => ({
      ...{ importId: _id, holder: creator, memory: memoryOf(contentEncoding), isFresh: startedAt === null },
      ...{ isSuspect: lostHolders >= suspectAfter, waitsSince: notBefore.getTime() },
    }));
  }

  /** Takes an import; null where it does not wait any more. */
  async claim(importId: string): Promise<Claimed | null> {
    await this.endSessionsOfDeadHolders();
    const session = await this.connection.startSession();
    const before = await this.imports
      .findOneAndUpdate(
        { _id: importId, ...hasWork, $expr: claimable },
        [
          {
            $set: {
              'lease.owner': this.owner,
              'lease.fence': { $add: ['$lease.fence', 1] },
              'lease.expiresAt': inMs(this.leaseMs),
              'lease.session': { $literal: session.id?.id },
              lostHolders: { $add: [{ $ifNull: ['$lostHolders', 0] }, { $cond: [isOrphaned, 1, 0] }] },
              startedAt: { $ifNull: ['$startedAt', '$$NOW'] },
              sequence: { $add: [{ $ifNull: ['$sequence', 0] }, 1] },
            },
          },
        ],
        { returnDocument: 'before', updatePipeline: true },
      )
      .lean<ImportDocument>()
      .exec();
    if (!before) {
      await session.endSession();
      return null;
    }
    const hold = { importId: before._id, owner: this.owner, fence: before.lease.fence + 1, session };
    const { owner, session: heldIn } = before.lease;
    const lostHolders = (before.lostHolders ?? 0) + (owner !== null && heldIn !== null ? 1 : 0);
    return { document: before, hold, wasResting: owner === null, lostHolders };
  }

  /** Asked before a claim, which would wait for their open transactions. Who asks lives, however late its leases are. */
  private async endSessionsOfDeadHolders(): Promise<void> {
    const dead = await this.imports
      .find({
        ...{ state: { $in: unfinishedStates }, 'lease.session': { $ne: null } },
        'lease.owner': { $nin: [null, this.owner] },
        $expr: { $lte: ['$lease.expiresAt', '$$NOW'] },
      })
      .select('lease')
      .lean<Pick<ImportDocument, 'lease'>[]>()
      .exec();
    if (dead.length === 0) return;
    await this.connection.db?.command({ killSessions: dead.map(({ lease }) => ({ id: lease.session })) });
  }

  async renew(importIds: readonly string[]): Promise<void> {
    await this.imports.updateMany(
      { _id: { $in: importIds }, 'lease.owner': this.owner },
      [{ $set: { 'lease.expiresAt': inMs(this.leaseMs) } }],
      { updatePipeline: true },
    );
  }

  sight(importIds: readonly string[]): Promise<Sighting[]> {
    return this.imports
      .find({ _id: { $in: importIds } })
      .select('state sealedLength cancelRequestedAt failRequested lease')
      .lean<Sighting[]>()
      .exec();
  }

  /** Gives an import back; without `settled` the next holder knows that chunks may be written and uncounted. */
  async release({ importId, owner, fence }: Hold, rest: Rest): Promise<void> {
    const { settled, forMs, failures, idleSequence, epoch, failRequested } = rest;
    const isToEnd = [isSet('$cancelRequestedAt'), isSet('$failRequested')];
    const isDue =
      idleSequence === undefined ? isToEnd : [...isToEnd, isSet('$sealedLength'), { $ne: ['$epoch', epoch] }];
    await this.imports.updateOne(
      { _id: importId, 'lease.owner': owner, 'lease.fence': fence },
      [
        {
          $set: {
            ...(settled && { 'lease.owner': null }),
            'lease.session': null,
            'lease.expiresAt': '$$NOW',
            // What came meanwhile is not kept waiting.
            notBefore: { $cond: [{ $or: isDue }, '$$NOW', inMs(forMs)] },
            // A holder that came to an end of its own was not lost.
            ...(failures !== undefined && { failures, lostHolders: 0 }),
            ...(idleSequence !== undefined && { idleSequence, lostHolders: 0 }),
            ...(failRequested && { failRequested: { $literal: failRequested } }),
          },
        },
      ],
      { updatePipeline: true },
    );
  }
}
