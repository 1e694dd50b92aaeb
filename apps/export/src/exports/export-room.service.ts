import { KeyportError } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection } from 'mongoose';
import { EXPORT_SETTINGS, type ExportSettings } from './export-settings.ts';
import { RoomRepository } from './room.repository.ts';

/** Nobody knows when one ends: a client that asks so often costs next to nothing. */
const retryAfterSeconds = 5;
/** Files that are being written grow by tens of megabytes in this time. */
const lookMs = 1_000;

/** How many exports there may be at once, and how many bytes of them. */
@Injectable()
export class ExportRoom {
  private known = { bytes: 0, at: 0 };
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly room: RoomRepository,
    @Inject(EXPORT_SETTINGS) private readonly settings: ExportSettings,
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
  ) {}

  /** Stores one more export where there is room for it. Throws TOO_MANY_EXPORTS and EXPORTS_FULL. */
  async admit<Stored>(creator: string, store: (session: ClientSession) => Promise<Stored>): Promise<Stored> {
    await this.take(0);
    // One after the other: many that meet in the database would make each other begin anew for seconds.
    const admitted = this.turn.then(() => this.admitAlone(creator, store));
    this.turn = admitted.catch(() => undefined);
    return admitted;
  }

  /**
   * Before so many bytes more are stored: those of this process are counted at once, those of others within a second.
   * Throws EXPORTS_FULL.
   */
  async take(bytes: number): Promise<void> {
    if (Date.now() - this.known.at >= lookMs || !this.hasRoom(bytes)) {
      this.known = { bytes: await this.room.storedBytes(), at: Date.now() };
    }
    if (!this.hasRoom(bytes)) throw new KeyportError('EXPORTS_FULL');
    this.known.bytes += bytes;
  }

  private admitAlone<Stored>(creator: string, store: (session: ClientSession) => Promise<Stored>): Promise<Stored> {
    return inTransaction(this.connection, async (session) => {
      await this.room.admitAlone(session);
      await this.requireFew(this.settings.unfinishedOfHolder, creator, session);
      await this.requireFew(this.settings.unfinishedInAll, undefined, session);
      return store(session);
    });
  }

  private hasRoom(bytes: number): boolean {
    const { storedBytes } = this.settings;
    return this.known.bytes < storedBytes && this.known.bytes + bytes <= storedBytes;
  }

  private async requireFew(limit: number, creator: string | undefined, session: ClientSession): Promise<void> {
    if ((await this.room.countUnfinished(limit, creator, session)) < limit) return;
    const whose = creator === undefined ? 'in all' : 'of this holder';
    throw new KeyportError('TOO_MANY_EXPORTS', { limit, whose, retryAfterSeconds });
  }
}
