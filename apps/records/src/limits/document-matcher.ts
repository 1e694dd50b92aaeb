import { bsonType, elementsOf, MONGO_CONNECTION, nameOf, valuesOf, type RawElement } from '@keyport/mongo';
import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, mongo } from 'mongoose';
import type { Query } from './limit-filter.ts';
import { Verdicts } from './verdicts.ts';

/** Documents of one command; a larger one goes alone. A command has 16 MB at most. */
const maxBytes = 1024 * 1024;

/** Says which queries a document matches that is stored nowhere: MongoDB itself does, so that it decides as it would. */
@Injectable()
export class DocumentMatcher {
  private readonly db: mongo.Db;
  /** Numbers the documents; no query can know the name. */
  private readonly numberField = `keyport-${randomUUID()}`;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  /** What documents that are to be written match; each is asked for once. */
  verdictsOn(queries: readonly Query[]): Verdicts {
    return new Verdicts((documents) => this.match(documents, queries));
  }

  /** The numbers of the queries that each document matches. */
  async match(documents: readonly Buffer[], queries: readonly Query[]): Promise<Set<number>[]> {
    const matched: Set<number>[] = [];
    for (const part of partsOf(documents)) matched.push(...(await this.matchTogether(part, queries)));
    return matched;
  }

  private async matchTogether(documents: readonly Buffer[], queries: readonly Query[]): Promise<Set<number>[]> {
    const numbered = documents.map((document, number) => fieldsOf(document, 0).set(this.numberField, number));
    const numbers = { $project: { _id: 0, number: `$${this.numberField}` } };
    const facets = queries.map((query, index) => [`q${index}`, [{ $match: query }, numbers]] as const);
    const pipeline = [{ $documents: { $literal: numbered } }, { $facet: Object.fromEntries(facets) }];
    const [found] = await this.db.aggregate<Record<string, { number: number }[]>>(pipeline).toArray();
    const matched = documents.map(() => new Set<number>());
    queries.forEach((_, index) => {
      for (const { number } of found?.[`q${index}`] ?? []) matched[number]?.add(index);
    });
    return matched;
  }
}

function* partsOf(documents: readonly Buffer[]): Generator<Buffer[]> {
  let part: Buffer[] = [];
  let bytes = 0;
  for (const document of documents) {
    if (part.length > 0 && bytes + document.length > maxBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(document);
    bytes += document.length;
  }
  if (part.length > 0) yield part;
}

/** As maps, which keep the order of fields whatever their names. */
function fieldsOf(bytes: Buffer, at: number): Map<string, unknown> {
  return new Map([...elementsOf(bytes, at)].map((element) => [nameOf(element), valueOf(element)]));
}

function valueOf(element: RawElement): unknown {
  const { bytes, type, valueStart } = element;
  if (type === bsonType.document) return fieldsOf(bytes, valueStart);
  if (type === bsonType.array) return [...elementsOf(bytes, valueStart)].map(valueOf);
  return valuesOf([element])[0];
}
