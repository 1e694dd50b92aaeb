import { MongoClient, type Db } from 'mongodb';

export interface StoredImport {
  readonly _id: string;
  readonly dataset: string;
  readonly datasetId: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly undo?: { readonly state: string; readonly removed: number } | null;
}

export interface StoredExport {
  readonly _id: string;
  readonly state: string;
  readonly digest: string | null;
}

export interface StoredKey {
  readonly _id: string;
  readonly scopes: readonly string[];
  readonly rotatedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface StoredDataset {
  readonly _id: string;
  readonly id: string;
  readonly schemaText: string | null;
  readonly records: number;
}

/** What is so, as the services' databases say. */
export interface StoredTruth {
  readonly imports: readonly StoredImport[];
  readonly exports: readonly StoredExport[];
  readonly keys: readonly StoredKey[];
  readonly datasets: readonly StoredDataset[];
}

const outboxes = [
  ['import', 'imports'],
  ['export', 'exports'],
  ['auth', 'keys'],
  ['records', 'datasets'],
  ['records', 'outbox'],
] as const;

/** The databases of a stack, as its operator may look at them. */
export class StackDatabases {
  private constructor(private readonly client: MongoClient) {}

  static async of(mongodbUrl: string): Promise<StackDatabases> {
    return new StackDatabases(await MongoClient.connect(mongodbUrl));
  }

  /** Events that are stored and not told yet, and changes that are in no event yet. */
  async untold(): Promise<number> {
    const untold = await Promise.all(
      outboxes.map(([db, collection]) =>
        this.client
          .db(db)
          .collection(collection)
          .countDocuments({ 'untold.0': { $exists: true } }),
      ),
    );
    const noted = await this.client.db('records').collection('notedChanges').countDocuments();
    return untold.reduce((total, count) => total + count, noted);
  }

  async truth(): Promise<StoredTruth> {
    const all = <Document>(db: string, name: string) =>
      this.client.db(db).collection(name).find().toArray() as unknown as Promise<Document[]>;
    const [imports, exports, keys, datasets] = await Promise.all([
      all<StoredImport>('import', 'imports'),
      all<StoredExport>('export', 'exports'),
      all<StoredKey>('auth', 'keys'),
      all<StoredDataset & { readonly collectionName: string }>('records', 'datasets'),
    ]);
    const records = this.client.db('records');
    return { imports, exports, keys, datasets: await Promise.all(datasets.map((one) => withCount(records, one))) };
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

async function withCount(records: Db, dataset: StoredDataset & { readonly collectionName: string }) {
  return { ...dataset, records: await records.collection(dataset.collectionName).countDocuments() };
}
