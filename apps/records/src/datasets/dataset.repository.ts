import { randomBytes } from 'node:crypto';
import { KeyportError, type DatasetMapping } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import mongoose, { type ClientSession, type Connection, type Model } from 'mongoose';
import { ChangeHistories } from '../changes/change-histories.repository.ts';
import { changesNameOf } from '../changes/change-history.ts';
import { mappedName, mappingOf, sourceOf } from '../sources/place.ts';
import { Places } from '../sources/places.service.ts';
import { Sources } from '../sources/sources.service.ts';
import { indexKeyOf, type StoredIndex } from './dataset-index.ts';
import { datasetModel, type DatasetDefinition } from './dataset.model.ts';
import { contentChange, creation, deletion } from '../telling/dataset-events.ts';
import { outboxModel, type OutboxDocument } from '../telling/outbox.model.ts';
import { untilOpenTransactionsEnd } from './open-transactions.ts';
import { RetiredCollections } from './retired-collections.repository.ts';

const duplicateKey = 11000;
/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const writersEndWithinMs = 20_000;

/** What a caller decides about a dataset. */
export type DatasetContent = Pick<DatasetDefinition, 'key' | 'schemaText'>;

@Injectable()
export class DatasetRepository {
  private readonly model: Model<DatasetDefinition>;
  private readonly outbox: Model<OutboxDocument>;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly retired: RetiredCollections,
    private readonly places: Places,
    private readonly sources: Sources,
    private readonly histories: ChangeHistories,
  ) {
    this.model = datasetModel(connection);
    this.outbox = outboxModel(connection);
  }

  async find(name: string): Promise<DatasetDefinition | undefined> {
    return (await this.model.findById(name).lean()) ?? undefined;
  }

  /** Where a dataset's records are; undefined where there is none. */
  async collectionNameOf(name: string): Promise<string | undefined> {
    const found = await this.model.collection.findOne({ _id: name as never }, { projection: { collectionName: 1 } });
    return (found as Pick<DatasetDefinition, 'collectionName'> | null)?.collectionName;
  }

  /** The schema alone, as seen by a transaction: it may be large, and few writers need it. */
  async schemaIn(session: ClientSession, name: string): Promise<string | null> {
    const found = await this.model.collection.findOne(
      { _id: name as never },
      { ...this.inOwn(session), projection: { schemaText: 1 } },
    );
    return (found as Pick<DatasetDefinition, 'schemaText'> | null)?.schemaText ?? null;
  }

  /**
   * Without the schema, as seen by a transaction. No transaction spans two deployments: a source's sees the definition as
   * it is once it has begun. Throws WRITE_CONFLICT where the dataset is on another deployment than the session's.
   */
  async findIn(session: ClientSession, name: string): Promise<Omit<DatasetDefinition, 'schemaText'> | undefined> {
    const place = this.sources.of(session);
    await place?.source.begin(session);
    const found = await this.model.collection.findOne(
      { _id: name as never },
      { ...this.inOwn(session), projection: { schemaText: 0 } },
    );
    const definition = (found as Omit<DatasetDefinition, 'schemaText'> | null) ?? undefined;
    const source = definition ? sourceOf(definition.collectionName) : null;
    if (definition && source !== (place?.name ?? null)) {
      if (source !== null) await this.sources.open(source);
      throw new KeyportError('WRITE_CONFLICT');
    }
    return definition;
  }

  /** Definitions in the order of their names. */
  async *after(name: string | undefined): AsyncGenerator<DatasetDefinition> {
    const filter = name === undefined ? {} : { _id: { $gt: name } };
    yield* this.model.find(filter).sort({ _id: 1 }).lean().cursor({ batchSize: 200 });
  }

  /** An estimate from the collection's metadata, exact when nothing is being written. */
  count({ collectionName }: DatasetDefinition): Promise<number> {
    return this.places.in(collectionName, ({ db, name }) => db.collection(name).estimatedDocumentCount());
  }

  async holdsRecords({ collectionName }: DatasetDefinition): Promise<boolean> {
    const found = await this.connection.collection(collectionName).findOne({}, { projection: { _id: 1 } });
    return found !== null;
  }

  /** Undefined where another caller created a dataset of this name first. */
  async create(name: string, content: DatasetContent): Promise<DatasetDefinition | undefined> {
    const now = new Date();
    const collectionName = await this.prepareCollection(content.key);
    const id = randomBytes(12).toString('hex');
    const definition = { _id: name, id, collectionName, ...content, written: false, createdAt: now, updatedAt: now };
    try {
      await this.use(collectionName, async (session) => {
        await this.model.create([{ ...definition, untold: [creation(definition)] }], { session });
        return true;
      });
      return definition;
    } catch (error) {
      await this.retired.drop(collectionName);
      if (isDuplicate(error)) return undefined;
      throw error;
    }
  }

  /** As `create`, of a dataset whose records are in the team's own collection already: nothing is changed there. */
  async createMapped(
    name: string,
    content: DatasetContent,
    mapping: DatasetMapping,
  ): Promise<DatasetDefinition | undefined> {
    const now = new Date();
    const id = randomBytes(12).toString('hex');
    const times = { createdAt: now, updatedAt: now };
    const definition = { _id: name, id, collectionName: mappedName(mapping), ...content, written: true, ...times };
    try {
      await this.model.create([{ ...definition, untold: [creation(definition)] }]);
      return definition;
    } catch (error) {
      if (isDuplicate(error)) return undefined;
      throw error;
    }
  }

  /** Undefined where the dataset is no longer what `found` says. */
  async changeSchema(found: DatasetDefinition, schemaText: string | null): Promise<DatasetDefinition | undefined> {
    const { _id, collectionName } = found;
    const untold = contentChange(found, { key: found.key, schemaText });
    const change = { $set: { schemaText, updatedAt: new Date() }, ...(untold && { $push: { untold } }) };
    return (
      (await this.model.findOneAndUpdate({ _id, collectionName }, change, { returnDocument: 'after' }).lean()) ??
      undefined
    );
  }

  /**
   * Gives the dataset a new, empty collection with the index of the new key. False where records were written, or the
   * dataset changed, since {@link makeUnwritten}.
   */
  async changeKey(found: DatasetDefinition, content: DatasetContent): Promise<boolean> {
    const collectionName = await this.prepareCollection(content.key, found.indexes);
    const indexes = found.indexes?.map(({ name, fields, unique }) => ({
      name,
      fields,
      unique,
      state: 'ready' as const,
    }));
    // What changes is followed by the collection's name: cursors of the old one say nothing of the new one.
    const history = found.history && (await this.histories.prepare());
    const { _id, collectionName: old } = found;
    const more = { ...(history && { history }), ...(indexes && { indexes }) };
    const untold = contentChange(found, content);
    const change = {
      $set: { ...content, collectionName, ...more, updatedAt: new Date() },
      ...(untold && { $push: { untold } }),
    };
    const changed = await this.use(collectionName, async (session) => {
      const { modifiedCount } = await this.model.updateOne(
        { _id, collectionName: old, written: false, 'history.id': found.history?.id ?? { $exists: false } },
        change,
        { session },
      );
      if (modifiedCount !== 1) return false;
      await this.retired.add(old, session);
      if (history) await this.histories.replace(found.history, history, session);
      return true;
    });
    await this.retired.drop(changed ? old : collectionName);
    const useless = changed ? found.history : history;
    if (useless) await this.histories.drop(useless);
    return changed;
  }

  /** Makes every writer say that it writes, from now on, and waits for those that began before. */
  async makeUnwritten({ _id, collectionName }: DatasetDefinition): Promise<void> {
    await this.model.updateOne({ _id, collectionName }, { $set: { written: false } });
    await untilOpenTransactionsEnd(this.connection, writersEndWithinMs);
  }

  /** Within the transaction of a writer; meets the writer who says it at the same time, or a change of key. */
  async markWritten(
    session: ClientSession,
    { _id, collectionName }: Pick<DatasetDefinition, '_id' | 'collectionName'>,
  ) {
    await this.model.collection.updateOne(
      { _id: _id as never, collectionName },
      { $set: { written: true } },
      { session },
    );
  }

  /**
   * Undefined where there is none. Whoever asks after this finds no dataset; only then is the collection dropped, unless
   * it is the team's own.
   */
  async delete(name: string): Promise<DatasetDefinition | undefined> {
    const deleted = await inTransaction(this.connection, async (session) => {
      const found = await this.model.findByIdAndDelete(name, { session }).lean();
      for (const name of collectionsOf(found)) await this.retired.add(name, session);
      if (found) {
        // With what happened before and nobody was told of yet.
        const untold = { $each: [...(found.untold ?? []), deletion(found)] };
        await this.outbox.updateOne({ _id: name }, { $push: { untold } }, { session, upsert: true });
      }
      return found;
    });
    for (const name of collectionsOf(deleted)) await this.retired.drop(name);
    return deleted ?? undefined;
  }

  private inOwn(session: ClientSession): { session?: ClientSession } {
    return this.sources.of(session) ? {} : { session };
  }

  /** A new collection, noted as retired until a definition uses it. */
  private async prepareCollection(key: readonly string[] | null, indexes?: readonly StoredIndex[]): Promise<string> {
    const name = `d_${randomBytes(12).toString('hex')}`;
    await this.retired.add(name);
    await this.connection.createCollection(name);
    if (key) await this.connection.collection(name).createIndex(keyIndex(key), { unique: true, name: keyIndexName });
    for (const index of indexes ?? [])
      await this.connection.collection(name).createIndex(indexKeyOf(index), { unique: index.unique, name: index.name });
    return name;
  }

  private use(collectionName: string, takeIntoUse: (session: ClientSession) => Promise<boolean>): Promise<boolean> {
    return inTransaction(this.connection, async (session) => {
      const used = await takeIntoUse(session);
      if (used && !(await this.retired.takeBack(collectionName, session)))
        throw new Error(`${collectionName} was dropped`);
      return used;
    });
  }
}

/** Those that are of use to a dataset alone: one of the team's own is not among them. */
function collectionsOf(found: DatasetDefinition | null): string[] {
  if (!found) return [];
  const own = mappingOf(found.collectionName) ? [] : [found.collectionName];
  return found.history ? [...own, changesNameOf(found.history.id)] : own;
}

export const keyIndexName = 'key';
export const keyIndex = (key: readonly string[]): Record<string, 1> =>
  Object.fromEntries(key.map((field) => [field, 1]));

const isDuplicate = (error: unknown) => error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey;
