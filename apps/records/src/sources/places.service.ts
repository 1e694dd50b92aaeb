import { KeyportError } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, mongo } from 'mongoose';
import { mappingOf, overlaySourceOf, sourceOf, type Place } from './place.ts';
import type { Source } from './source.ts';
import { Sources } from './sources.service.ts';

/** Finds the database and collection that a definition's `collectionName` means: the one place that knows. */
@Injectable()
export class Places {
  private readonly db: mongo.Db;

  constructor(
    @Inject(MONGO_CONNECTION) connection: Connection,
    private readonly sources: Sources,
  ) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  /** Throws SOURCE_UNAVAILABLE. */
  async at(collectionName: string): Promise<Place> {
    const overlaySource = overlaySourceOf(collectionName);
    if (overlaySource) return { db: (await this.open(overlaySource)).ledgerDb, name: collectionName };
    const mapping = mappingOf(collectionName);
    if (!mapping) return { db: this.db, name: collectionName };
    const { db } = await this.open(mapping.source);
    return { db, name: mapping.collection };
  }

  /** Runs work on a collection. Throws SOURCE_UNAVAILABLE where it is in a source that does not answer. */
  async in<Result>(collectionName: string, work: (place: Place) => Promise<Result>): Promise<Result> {
    const place = await this.at(collectionName);
    return this.sources.reaching(sourceOf(collectionName), () => work(place));
  }

  private open(source: string): Promise<Source> {
    return this.sources.reaching(source, () => this.sources.open(source));
  }
}

export const isAway = (error: unknown): boolean => error instanceof KeyportError && error.code === 'SOURCE_UNAVAILABLE';
