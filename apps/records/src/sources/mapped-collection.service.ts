import { KeyportError, type DatasetMapping } from '@keyport/contracts';
import { Injectable, Logger } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { describesKey, faultOfCollection, indexCommand, type IndexDescription } from './collection-fitness.ts';
import { untilOpenTransactionsEnd } from '../datasets/open-transactions.ts';
import { describeSourceFailure } from './source-failure.ts';
import { UnfitSource } from './source.ts';
import { Sources } from './sources.service.ts';

/** Less than the contract's deadline. */
const writersEndWithinMs = 20_000;

/** Looks at a collection that is to be a dataset, and changes nothing there. */
@Injectable()
export class MappedCollections {
  private readonly logger = new Logger(MappedCollections.name);

  constructor(private readonly sources: Sources) {}

  /** Throws SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, MAPPING_REFUSED and KEY_INDEX_MISSING. */
  async check(mapping: DatasetMapping, key: readonly string[] | null): Promise<void> {
    const { source } = mapping;
    if (!this.sources.isKnown(source)) throw new KeyportError('SOURCE_UNKNOWN', { source });
    const { db } = await this.fitSource(mapping);
    await this.sources.reaching(source, () => this.checkIn(db, mapping, key));
  }

  /**
   * Resolves once the writers that began before have ended, so that nothing is stored in a collection after its dataset
   * was deleted. Who deletes is not held up by a source that is away.
   */
  async untilWritten(source: string): Promise<void> {
    try {
      await untilOpenTransactionsEnd((await this.sources.open(source)).connection, writersEndWithinMs);
    } catch (error) {
      this.logger.warn(`source ${source}: ${describeSourceFailure(error)}`);
    }
  }

  private async fitSource(mapping: DatasetMapping) {
    try {
      return await this.sources.open(mapping.source);
    } catch (error) {
      if (!(error instanceof UnfitSource)) throw error;
      throw new KeyportError('MAPPING_REFUSED', { ...mapping, reason: error.message }, { cause: error });
    }
  }

  private async checkIn(db: mongo.Db, mapping: DatasetMapping, key: readonly string[] | null): Promise<void> {
    const name = mapping.collection;
    const [found] = await db.listCollections({ name }, { authorizedCollections: true, nameOnly: false }).toArray();
    const reason = faultOfCollection(name, found);
    if (reason !== undefined) throw new KeyportError('MAPPING_REFUSED', { ...mapping, reason });
    if (!key) return;
    const indexes = await db.collection(name).listIndexes().toArray();
    if ((indexes as IndexDescription[]).some((index) => describesKey(index, key))) return;
    throw new KeyportError('KEY_INDEX_MISSING', { ...mapping, command: indexCommand(name, key) });
  }
}
