import { comparable, findFirstBatch, firstElement, type RawBatch, valuesOf } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { Places } from '../sources/places.service.ts';
import { allOf, type Query } from './limit-filter.ts';
import { projectionFor } from './projection.ts';
import { unionOf, type ViewPart } from './read-view.ts';

type Fields = readonly string[] | undefined;

/** Where rows lie, and the state of the database that they were read in. */
export interface Place {
  readonly collectionName: string;
  /** Matches the rows, and possibly more. */
  readonly where: Query;
  readonly clusterTime: RawBatch['clusterTime'];
}

/** A row, and the fields that may be shown of it. */
export interface VisibleRow {
  readonly document: Buffer;
  readonly fields: Fields;
}

/** Rows of which not all show the same fields: MongoDB says which limits each one matches, and projects it. */
@Injectable()
export class VisibleRows {
  constructor(private readonly places: Places) {}

  /** The rows, read with `read` fields, each with the fields of all parts that it matches; `_id` stays in all. */
  async show(rows: readonly Buffer[], read: Fields, parts: readonly ViewPart[], place: Place): Promise<VisibleRow[]> {
    if (rows.length === 0) return [];
    const matched = await Promise.all(parts.map((part) => this.matching(part, rows.length, place)));
    const fieldsOf = (row: Buffer) => unionOf(parts.filter((_, index) => matched[index]?.has(idOf(row)) ?? true));
    const groups = Map.groupBy(rows, (row) => JSON.stringify(fieldsOf(row) ?? null));
    const shown = new Map<string, VisibleRow>();
    for (const [text, group] of groups) {
      const fields = (JSON.parse(text) as readonly string[] | null) ?? undefined;
      const isRead = text === JSON.stringify(read ?? null);
      for (const document of isRead ? group : await this.project(group, fields, place)) {
        shown.set(idOf(document), { document, fields });
      }
    }
    return rows.flatMap((row) => shown.get(idOf(row)) ?? []);
  }

  /** `_id`s of the rows that a part matches; undefined where it matches all. */
  private async matching({ query }: ViewPart, count: number, { where, ...place }: Place) {
    if (!query) return undefined;
    const found = await this.find({ ...place, where: allOf(where, query) }, { _id: 1 }, count);
    return new Set(found.map(idOf));
  }

  private project(rows: readonly Buffer[], fields: Fields, place: Place): Promise<Buffer[]> {
    const ids = valuesOf(rows.flatMap((row) => firstElement(row) ?? []));
    const where = { _id: { $in: ids } };
    return this.find({ ...place, where }, fields && projectionFor(fields), rows.length);
  }

  private async find(
    { collectionName, where, clusterTime }: Place,
    projection: Record<string, 1> | undefined,
    count: number,
  ): Promise<Buffer[]> {
    const command = {
      filter: where,
      ...(projection && { projection }),
      hint: { _id: 1 },
      // One more, so that the server keeps no cursor.
      batchSize: count + 1,
      readConcern: { level: 'snapshot', atClusterTime: clusterTime },
    };
    const { bytes, starts } = await this.places.in(collectionName, ({ db, name }) =>
      findFirstBatch(db, { find: name, ...command }),
    );
    return starts.map((start) => bytes.subarray(start, start + bytes.readInt32LE(start)));
  }
}

function idOf(row: Buffer): string {
  return comparable(firstElement(row));
}
