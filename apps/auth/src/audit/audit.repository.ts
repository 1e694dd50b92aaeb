import type { AuditEntry, listAudit, RequestOf } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { mongo, type Connection, type Model, type QueryFilter } from 'mongoose';
import { auditEntryModel, type StoredAuditEntry } from './audit-entry.model.ts';

const day = 24 * 3600_000;

/** Which entries are asked for; `cursor` is the id of the last one of the page before. */
export type AuditSelection = Omit<RequestOf<typeof listAudit>, 'limit' | 'cursor'> & {
  readonly before: string | undefined;
};

@Injectable()
export class AuditRepository {
  private readonly entries: Model<StoredAuditEntry>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.entries = auditEntryModel(connection);
  }

  /** Resolves once all are stored by a majority; those that are there already stay as they are. */
  async insert(entries: readonly AuditEntry[], keepDays: number): Promise<void> {
    const stored = entries.map(({ id, at, ...rest }) => {
      const instant = new Date(at);
      return { ...rest, _id: id, at: instant, expiresAt: new Date(instant.getTime() + keepDays * day) };
    });
    try {
      await this.entries.insertMany(stored, { ordered: false });
    } catch (error) {
      if (!holdsOnlyDuplicates(error)) throw error;
    }
  }

  /** Newest first. */
  async page(selection: AuditSelection, limit: number): Promise<StoredAuditEntry[]> {
    return this.entries.find(filterOf(selection)).sort({ _id: -1 }).limit(limit).lean<StoredAuditEntry[]>();
  }
}

/** One that was told twice fails by its id, while all others of the batch are stored. */
function holdsOnlyDuplicates(error: unknown): boolean {
  if (!(error instanceof mongo.MongoBulkWriteError)) return isDuplicateKey(error);
  const { writeErrors } = error;
  const concernErrors = error.result.getWriteConcernError();
  return !concernErrors && [writeErrors].flat().every(({ code }) => code === 11000);
}

/** Ids begin with their time, so the time is asked of them: one index answers in order. */
function filterOf({ before, from, to, ...equal }: AuditSelection): QueryFilter<StoredAuditEntry> {
  const ends = [before, to === undefined ? undefined : idAt(to)].filter((end) => end !== undefined);
  const range = {
    ...(from === undefined ? {} : { $gte: idAt(from) }),
    ...(ends.length === 0 ? {} : { $lt: ends.sort()[0] as string }),
  };
  const named = Object.fromEntries(Object.entries(equal).filter(([, value]) => value !== undefined));
  return { ...named, ...(Object.keys(range).length === 0 ? {} : { _id: range }) };
}

const idAt = (instant: string): string => Math.max(0, Date.parse(instant)).toString(16).padStart(12, '0');
