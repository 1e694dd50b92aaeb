import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { admissionGateModel, type AdmissionGate } from './admission-gate.model.ts';
import { statesBefore } from './export-states.ts';
import { exportModel, type ExportRecord } from './export.model.ts';

/** What exports take up now. */
@Injectable()
export class RoomRepository {
  private readonly exports: Model<ExportRecord>;
  private readonly gate: Model<AdmissionGate>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.exports = exportModel(connection);
    this.gate = admissionGateModel(connection);
  }

  /** No other admission is counted between this and the end of the transaction. */
  async admitAlone(session: ClientSession): Promise<void> {
    await this.gate.updateOne({ _id: 'exports' }, { $inc: { admitted: 1 } }, { upsert: true, session });
  }

  /** Exports that wait or run, of one holder or of all; counting stops at `limit`. */
  countUnfinished(limit: number, creator: string | undefined, session: ClientSession): Promise<number> {
    const states = { state: { $in: statesBefore('cancel') }, deletedAt: null };
    return this.exports.countDocuments({ ...states, ...(creator !== undefined && { creator }) }, { session, limit });
  }

  /** Bytes of all files that take up room, whole or not. */
  async storedBytes(): Promise<number> {
    const [sum] = await this.exports.aggregate<{ bytes: number }>([
      { $match: { hasParts: true } },
      { $group: { _id: null, bytes: { $sum: '$bytes' } } },
    ]);
    return sum?.bytes ?? 0;
  }
}
