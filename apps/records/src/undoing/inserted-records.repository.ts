import { comparable, documentOf, findBatches, firstElement, valuesOf, type RawElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { allOf, type Query } from '../limits/limit-filter.ts';
import { Places } from '../sources/places.service.ts';
import { ChunkRepository } from '../writing/chunk.repository.ts';
import { recordHash, type InsertedRow } from './inserted-rows.ts';

/** What is there now of the records that a chunk inserted, by {@link comparable} of their `_id`. */
export interface PresentRecords {
  readonly unchanged: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
}

/** Looks, within a transaction, at what became of records that were inserted, and takes them back. */
@Injectable()
export class InsertedRecordsRepository {
  constructor(
    private readonly places: Places,
    private readonly chunks: ChunkRepository,
  ) {}

  async remove(session: ClientSession, collectionName: string, rows: readonly InsertedRow[]): Promise<void> {
    const operations = rows.map(({ id }, row) => ({ kind: 'delete' as const, row, document: documentOf(id) }));
    await this.chunks.run(session, collectionName, operations);
  }

  async present(session: ClientSession, collectionName: string, rows: readonly InsertedRow[]): Promise<PresentRecords> {
    const hashes = new Map(rows.map(({ id, hash }) => [comparable(id), hash]));
    const unchanged = new Set<string>();
    const changed = new Set<string>();
    for await (const document of this.find(session, collectionName, rows)) {
      const id = comparable(firstElement(document));
      (recordHash(document) === hashes.get(id) ? unchanged : changed).add(id);
    }
    return { unchanged, changed };
  }

  /** Those of the records that the query matches. */
  async matching(
    session: ClientSession,
    collectionName: string,
    rows: readonly InsertedRow[],
    query: Query,
  ): Promise<ReadonlySet<string>> {
    const matching = new Set<string>();
    for await (const document of this.find(session, collectionName, rows, { query, projection: { _id: 1 } })) {
      matching.add(comparable(firstElement(document)));
    }
    return matching;
  }

  private async *find(
    session: ClientSession,
    collectionName: string,
    rows: readonly InsertedRow[],
    { query, projection }: { readonly query?: Query; readonly projection?: Record<string, 1> } = {},
  ): AsyncGenerator<Buffer> {
    const ids: RawElement[] = rows.map(({ id }) => id);
    if (ids.length === 0) return;
    const { db, name } = await this.places.at(collectionName);
    const command = {
      ...{ find: name, filter: allOf({ _id: { $in: valuesOf(ids) } }, query), hint: { _id: 1 } },
      ...(projection && { projection }),
    };
    for await (const { bytes, starts } of findBatches(db, command, session)) {
      for (const start of starts) yield bytes.subarray(start, start + bytes.readInt32LE(start));
    }
  }
}
