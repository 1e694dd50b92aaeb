import { insertRaw, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model, mongo } from 'mongoose';
import { cutBytes } from '../writing/cut-bytes.ts';
import { joinedFrom } from './joined-parts.ts';
import { partModel, type PartRecord } from './part.model.ts';
import { partSlices } from './part-slices.ts';

/** Several fit into one transaction, and a reply of `export.v1.file.read` needs two at most. */
export const maxPartBytes = 1024 * 1024;

/** The files, in parts of their own rather than in GridFS (docs/adr/0003-export-files-in-parts.md). */
@Injectable()
export class PartsRepository {
  private readonly parts: Model<PartRecord>;

  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {
    this.parts = partModel(connection);
  }

  /** Adds bytes behind the first `offset` of the file. */
  async append(exportId: string, offset: number, pieces: readonly Uint8Array[], session: ClientSession): Promise<void> {
    let at = offset;
    const slices: Uint8Array[] = [];
    for (const bytes of pieces.flatMap((piece) => cutBytes(piece, maxPartBytes))) {
      // Many pages may give no bytes: columns are collected, or text is kept for the next member of a compressed file.
      if (bytes.length === 0) continue;
      slices.push(...partSlices(exportId, at, bytes));
      at += bytes.length;
    }
    if (slices.length === 0) return;
    await insertRaw(this.connection.db as mongo.Db, this.parts.collection.collectionName, slices, session);
  }

  /** Bytes `offset` to `offset + length`, fewer where the file ends before or its parts are being deleted. */
  async read(exportId: string, offset: number, length: number): Promise<Uint8Array> {
    const end = offset + length;
    // No part is longer than maxPartBytes, so none that begins earlier reaches to `offset`.
    const found = await this.parts.collection
      .find({ exportId, offset: { $gt: offset - maxPartBytes, $lt: end } }, { promoteBuffers: true })
      .sort({ offset: 1 })
      .toArray();
    return joinedFrom(offset, end, found as unknown as PartRecord[]);
  }

  /** Every part in order. */
  async *readAll(exportId: string): AsyncGenerator<Uint8Array> {
    const cursor = this.parts.collection.find({ exportId }, { promoteBuffers: true, batchSize: 4 }).sort({ offset: 1 });
    for await (const part of cursor) yield (part as unknown as PartRecord).bytes;
  }

  async deleteAll(exportId: string): Promise<void> {
    await this.parts.collection.deleteMany({ exportId });
  }
}
