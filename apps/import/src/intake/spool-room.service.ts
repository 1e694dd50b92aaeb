import { KeyportError } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { importModel, type ImportDocument } from '../imports/import.model.ts';
import { unfinishedStates } from '../imports/import-state.ts';
import { Spool } from './spool.ts';
import { fullAt, isKept, keptLimit, mayGrow, portionOf, type SpooledUpload } from './spool-shares.ts';

/** What an upload needs to be known of to say whether there is room for it. */
type Upload = Pick<ImportDocument, 'contentEncoding' | 'verifiedFirst' | 'state'>;

const keptFields = ['received', 'expectedLength', 'sealedLength', 'touchedAt', 'state'] as const;
type Kept = Pick<ImportDocument, '_id' | (typeof keptFields)[number]>;

/** How often the stream is asked how full it is, at most. */
const lookMs = 250;

/** Whether the spool has room: for an upload that begins, and for one that goes on and is kept to its end. */
@Injectable()
export class SpoolRoom {
  /** Bytes of an upload that a gateway may publish before it asks again. */
  readonly portion: number;
  private readonly imports: Model<ImportDocument>;
  private readonly bytes: number;
  private seen = { used: 0, at: 0 };

  constructor(
    private readonly spool: Spool,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
    @Inject(MONGO_CONNECTION) connection: Connection,
  ) {
    this.imports = importModel(connection);
    this.bytes = config.KEYPORT_SPOOL_BYTES;
    this.portion = portionOf(this.bytes);
  }

  /** For a new upload. Throws SPOOL_FULL, and UPLOAD_EXCEEDS_SPOOL where it never could be taken. */
  async requireForNew(upload: Upload, expectedLength: number): Promise<void> {
    if (isKept(upload)) this.requireSize(expectedLength);
    if ((await this.used()) >= fullAt(this.bytes)) throw new KeyportError('SPOOL_FULL');
    if (!isKept(upload)) return;
    // Behind all that are there.
    await this.requireGrowth({ importId: '~', bytes: expectedLength, touchedAt: Date.now() });
  }

  /**
   * For the first `length` bytes of an upload that runs. Throws SPOOL_FULL, which may change, and UPLOAD_EXCEEDS_SPOOL,
   * which will not.
   */
  async requireForMore(document: Upload & Kept, length: number): Promise<void> {
    await this.used();
    if (!isKept(document)) return;
    if (document.state !== 'paused') this.requireSize(length);
    const bytes = Math.max(bytesOf(document), length);
    await this.requireGrowth({ importId: document._id, bytes, touchedAt: Date.now() });
    // Of a paused upload nobody reads how far it is.
    await this.imports.updateOne({ _id: document._id }, { $max: { expectedLength: length } });
  }

  /** What is read should be freed at once. */
  get isTight(): boolean {
    return this.seen.used > this.bytes / 2;
  }

  private async used(): Promise<number> {
    if (Date.now() - this.seen.at > lookMs) this.seen = { used: await this.spool.usedBytes(), at: Date.now() };
    return this.seen.used;
  }

  private requireSize(length: number): void {
    const limitBytes = keptLimit(this.bytes);
    if (length > limitBytes) throw new KeyportError('UPLOAD_EXCEEDS_SPOOL', { limitBytes });
  }

  private async requireGrowth(upload: SpooledUpload): Promise<void> {
    const kept = await this.imports
      .find({
        state: { $in: unfinishedStates },
        $or: [{ contentEncoding: { $ne: 'identity' } }, { verifiedFirst: true }, { state: 'paused' }],
      })
      .select([...keptFields])
      .lean<Kept[]>()
      .exec();
    const others = kept.map(spooled).filter(({ importId }) => importId !== upload.importId);
    if (!mayGrow(upload, others, this.bytes, Date.now())) throw new KeyportError('SPOOL_FULL');
  }
}

const bytesOf = ({ received, expectedLength, sealedLength }: Omit<Kept, '_id'>): number =>
  sealedLength ?? Math.max(received, expectedLength ?? 0);

const spooled = (document: Kept): SpooledUpload => ({
  importId: document._id,
  bytes: bytesOf(document),
  touchedAt: document.touchedAt.getTime(),
});
