import { KeyportError } from '@keyport/contracts';
import { asBuffer, readExactly } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { BSON, Timestamp } from 'bson';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { CursorSeal } from './cursor-seal.ts';
import { ScanRepository } from './scan.repository.ts';
import { failureAtState, failureOfNewest } from './snapshot-failure.ts';

type Dataset = Pick<DatasetDefinition, '_id' | 'collectionName'>;

/** One state of a dataset. */
export interface Snapshot {
  readonly at: Timestamp;
  /** What an asker names it by. */
  readonly name: Uint8Array;
}

/**
 * States of a dataset that several pages are read from. MongoDB shows each for as long as it keeps what was changed since
 * (`minSnapshotHistoryWindowInSeconds`); nothing is held for it. Names are sealed: nobody chooses a moment.
 */
@Injectable()
export class Snapshots {
  constructor(
    private readonly scans: ScanRepository,
    private readonly seal: CursorSeal,
  ) {}

  /** The state that a request asks for; undefined where it asks for none. Throws CURSOR_INVALID, SNAPSHOT_UNAVAILABLE. */
  async asked(asked: Uint8Array | 'new' | undefined, dataset: Dataset): Promise<Snapshot | undefined> {
    if (asked === undefined) return undefined;
    if (asked !== 'new') return { at: timeOf(await this.seal.open(asked), dataset.collectionName), name: asked };
    const at = await this.newest(dataset);
    return { at, name: await this.seal.seal(BSON.serialize({ c: dataset.collectionName, t: at })) };
  }

  /** Throws SNAPSHOT_UNAVAILABLE. */
  async newest({ _id, collectionName }: Dataset): Promise<Timestamp> {
    const at = await this.scans.newestState(collectionName).catch((error: unknown) => {
      throw failureOfNewest(error, _id);
    });
    if (!at) throw new KeyportError('SNAPSHOT_UNAVAILABLE', { dataset: _id });
    return at;
  }
}

/** Runs a read of the state at a time, or of whatever is there now. Throws SNAPSHOT_GONE. */
export async function readingAt<Result>(
  at: Timestamp | undefined,
  dataset: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw at ? failureAtState(error, dataset) : error;
  }
}

/** Throws CURSOR_INVALID, also where it is of another collection: the dataset was deleted and made anew. */
function timeOf(name: Uint8Array, collectionName: string): Timestamp {
  const { c, t } = readExactly(asBuffer(name));
  if (c !== collectionName || !(t instanceof Timestamp)) throw new KeyportError('CURSOR_INVALID');
  return t;
}
