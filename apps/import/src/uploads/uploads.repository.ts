import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { importModel, type ImportDocument, type UploadedFile, type UploadTail } from '../imports/import.model.ts';
import { openStates } from '../imports/import-state.ts';

/** Bytes may be added. */
const open = { state: { $in: [...openStates] }, sealedLength: null };

/** What requests that bring the bytes of an upload store. Each update is conditional on the request's epoch. */
@Injectable()
export class UploadsRepository {
  private readonly imports: Model<ImportDocument>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.imports = importModel(connection);
  }

  findByKey(creator: string, idempotencyKey: string): Promise<ImportDocument | null> {
    return this.imports.findOne({ creator, idempotencyKey }).lean<ImportDocument>().exec();
  }

  /** Gives the upload to one more request, and takes it from all before; null where nothing can be added any more. */
  openEpoch(importId: string): Promise<ImportDocument | null> {
    const now = new Date();
    return this.imports
      .findOneAndUpdate(
        { _id: importId, ...open },
        { $inc: { epoch: 1 }, $set: { touchedAt: now, notBefore: now } },
        { returnDocument: 'after' },
      )
      .lean<ImportDocument>()
      .exec();
  }

  /** False where another request has the upload by now. */
  async setTail(importId: string, tail: UploadTail): Promise<boolean> {
    const { matchedCount } = await this.imports.updateOne(
      { _id: importId, epoch: tail.epoch, ...open },
      { $set: { tail }, $max: { received: tail.offset }, $inc: { sequence: 1 } },
    );
    return matchedCount === 1;
  }

  /** Bytes of which the sender hears that they are there; null where another request has the upload by now. */
  acknowledge(importId: string, epoch: number, length: number): Promise<ImportDocument | null> {
    return this.imports
      .findOneAndUpdate(
        { _id: importId, epoch, ...open },
        { $max: { received: length }, $set: { touchedAt: new Date() }, $inc: { sequence: 1 } },
        { returnDocument: 'after' },
      )
      .lean<ImportDocument>()
      .exec();
  }

  /** The length of the whole, told late; it is told once. */
  async setLength(importId: string, uploadLength: number): Promise<boolean> {
    const { matchedCount } = await this.imports.updateOne(
      { _id: importId, ...open, uploadLength: { $in: [null, uploadLength] } },
      { $set: { uploadLength } },
    );
    return matchedCount === 1;
  }

  /** Of an import that ended before all of its upload was there. */
  async setFile(importId: string, epoch: number, file: UploadedFile): Promise<void> {
    await this.imports.updateOne({ _id: importId, epoch, file: null }, { $set: { file } });
  }

  /** So that the key may stand for another import. */
  async releaseKey(importId: string): Promise<void> {
    await this.imports.updateOne({ _id: importId }, { $set: { idempotencyKey: null } });
  }
}
