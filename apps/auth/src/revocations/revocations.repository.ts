import type { RevocationEntry } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model, PipelineStage } from 'mongoose';
import { mergedEntry, type Cutoff } from './revocation-entries.ts';
import { keyOrder, revocationModel, type AskedForRevocation, type Revocation } from './revocation.model.ts';

/** Documents of some 90 bytes, read in some milliseconds. */
const perBatch = 2_000;

export type Ending = Omit<Revocation, '_id' | 'origin' | 'of'>;

@Injectable()
export class RevocationsRepository {
  private readonly revocations: Model<AskedForRevocation>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.revocations = revocationModel(connection);
  }

  /**
   * One document a key, and another for what holds from later on: ending the same again leaves the later cutoff, keeps it
   * for longer, and lets it hold earlier.
   */
  async end(ending: Ending): Promise<void> {
    const _id = ending.from ? `${ending.key} later` : ending.key;
    const update = () =>
      this.revocations.updateOne({ _id }, endingPipeline(ending), { upsert: true, updatePipeline: true });
    try {
      await update();
    } catch (error) {
      // Another process made the document in the meantime (MongoDB manual, "Upsert with Duplicate Values").
      if (!isDuplicateKey(error)) throw error;
      await update();
    }
  }

  /** All that stands behind one key of KV `revocations`, ended ones too. */
  async cutoffsOf(key: string): Promise<Cutoff[]> {
    return this.revocations.find({ key }, { _id: 0, before: 1, endsAt: 1, from: 1 }).lean<Cutoff[]>();
  }

  /** What stands behind the key matters until then at least. */
  async keepUntil(key: string, endsAt: Date): Promise<void> {
    await this.revocations.updateMany({ key, endsAt: { $lt: endsAt } }, { $set: { endsAt } });
  }

  /** What KV `revocations` is to hold, as it was at one moment, read from the index alone while it is asked for. */
  async *shown(): AsyncGenerator<readonly [string, RevocationEntry]> {
    const now = new Date();
    for await (const [key, cutoffs] of this.byKey()) {
      const entry = mergedEntry(cutoffs, now);
      if (entry) yield [key, entry];
    }
  }

  private async *byKey(): AsyncGenerator<readonly [string, Cutoff[]]> {
    const cursor = this.revocations.collection.find<Pick<Revocation, 'key'> & Cutoff>(
      {},
      {
        projection: { _id: 0, ...keyOrder },
        ...{ sort: keyOrder, hint: keyOrder, batchSize: perBatch },
        // Else a document that changes while the index is read could be met twice, or not at all.
        readConcern: { level: 'snapshot' },
      },
    );
    let group: [string, Cutoff[]] | undefined;
    // Batch by batch: a promise a document takes longer than all else.
    while (await cursor.hasNext()) {
      for (const document of cursor.readBufferedDocuments()) {
        if (group?.[0] === document.key) group[1].push(document);
        else {
          if (group) yield group;
          group = [document.key, [document]];
        }
      }
    }
    if (group) yield group;
  }
}

function endingPipeline({ key, before, endsAt, from, createdAt, createdBy, reason }: Ending): PipelineStage.Set[] {
  const isNew = { $eq: [{ $type: '$createdAt' }, 'missing'] };
  const latest = (field: string, value: number | Date | null) => ({
    // $max would pass over null, which here stands for the latest of all.
    $cond: [isNew, value, { $cond: [{ $in: [null, [field, value]] }, null, { $max: [field, value] }] }],
  });
  return [
    {
      $set: {
        ...{ key, origin: 'consequence' },
        before: latest('$before', before),
        endsAt: latest('$endsAt', endsAt),
        from: { $min: ['$from', from] },
        createdAt: { $ifNull: ['$createdAt', createdAt] },
        createdBy: { $ifNull: ['$createdBy', { $literal: createdBy }] },
        reason: { $ifNull: ['$reason', { $literal: reason }] },
      },
    },
  ];
}
