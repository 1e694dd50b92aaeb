import type { WriteMode, WriteRejection } from '@keyport/contracts';
import { joinDocument } from '@keyport/mongo';
import { documentOf, type ChunkRow } from './chunk.ts';
import { duplicateKey, inOrder, type Operation, type Plan, type Refusals } from './plan.ts';

/** A stored record that a row may meet. */
export interface StoredRow {
  readonly id: string;
  readonly key: string | null;
  /** Null where no row matches it. */
  readonly match: string | null;
  /** The element `_id`. */
  readonly idBytes: Buffer;
  /** The elements behind `_id`; undefined where no row has the same. */
  readonly body: Buffer | undefined;
}

export interface Rules {
  readonly mode: WriteMode;
  /** Names of the dataset's key fields. */
  readonly keyFields: readonly string[];
  /** True where a row can change the key of a stored record: the order of statements then matters. */
  readonly keepsOrder: boolean;
}

/** A record while the chunk is being applied: stored before, or new. */
interface Record {
  readonly id: string;
  /** The stored record, or the row that made a new one: whose `_id` it keeps. */
  readonly origin: StoredRow | ChunkRow;
  key: string | null;
  /** The row whose body it has now; undefined while it is as stored. */
  content: ChunkRow | undefined;
}

/**
 * Applies the rows one by one, in order, to what is stored: an insert keeps the first and rejects later ones; an upsert
 * puts the row's fields in place of all fields of the record it matches, which keeps its `_id`, and the last row wins.
 * The counts are those of applying one by one; the statements are as few as give the same end.
 */
export function classify(
  rows: readonly ChunkRow[],
  stored: readonly StoredRow[],
  rules: Rules,
  refused: Refusals = new Map(),
): Plan {
  const chunk = new AppliedChunk(stored, rules, refused);
  for (const row of rows) {
    if (!refused.has(row.index)) chunk.apply(row);
  }
  return chunk.plan();
}

class AppliedChunk {
  private readonly byId = new Map<string, Record>();
  private readonly byKey = new Map<string, Record>();
  private readonly byMatch = new Map<string, Record>();
  private readonly touched = new Set<Record>();
  private readonly statements: Operation[] = [];
  private readonly rejected: WriteRejection[];
  private readonly counts = { inserted: 0, updated: 0, unchanged: 0, deleted: 0 };

  constructor(
    stored: readonly StoredRow[],
    private readonly rules: Rules,
    refused: Refusals,
  ) {
    this.rejected = [...refused.values()];
    for (const row of stored) this.add({ id: row.id, origin: row, key: row.key, content: undefined }, row.match);
  }

  apply(row: ChunkRow): void {
    const target = row.match === null ? undefined : this.byMatch.get(row.match);
    if (target) this.update(target, row);
    else this.insert(row);
  }

  plan(): Plan {
    const operations = this.rules.keepsOrder ? this.statements : [...this.touched].flatMap(statementOf);
    return { operations, reply: { ...this.counts, rejected: inOrder(this.rejected) } };
  }

  private insert(row: ChunkRow): void {
    if (this.byId.has(row.id)) this.rejected.push(duplicateKey(row.index, ['_id']));
    else if (row.key !== null && this.byKey.has(row.key)) this.rejectKey(row);
    else {
      const record: Record = { id: row.id, origin: row, key: row.key, content: row };
      this.add(record, row.match);
      this.counts.inserted += 1;
      this.write('insert', record);
    }
  }

  private update(target: Record, row: ChunkRow): void {
    const changesKey = row.key !== target.key;
    if (changesKey && row.key !== null && this.byKey.has(row.key)) return this.rejectKey(row);
    if (hasBodyOf(target, row)) {
      this.counts.unchanged += 1;
      return;
    }
    if (changesKey) {
      if (target.key !== null) this.byKey.delete(target.key);
      if (row.key !== null) this.byKey.set(row.key, target);
      target.key = row.key;
    }
    target.content = row;
    this.counts.updated += 1;
    this.write('replace', target);
  }

  private rejectKey(row: ChunkRow): void {
    this.rejected.push(duplicateKey(row.index, this.rules.keyFields));
  }

  private add(record: Record, match: string | null): void {
    this.byId.set(record.id, record);
    if (record.key !== null) this.byKey.set(record.key, record);
    // Several stored records may match on fields that are not unique: the first is the one.
    if (match !== null && !this.byMatch.has(match)) this.byMatch.set(match, record);
  }

  private write(kind: Operation['kind'], record: Record): void {
    if (this.rules.keepsOrder) this.statements.push(...statement(kind, record));
    else this.touched.add(record);
  }
}

/** What is left to do for a record once all rows have been applied. */
function statementOf(record: Record): Operation[] {
  if (!isStored(record.origin)) return statement('insert', record);
  const isAsBefore = record.content !== undefined && hasStoredBody(record.origin, record.content);
  return isAsBefore ? [] : statement('replace', record);
}

function statement(kind: Operation['kind'], { origin, content }: Record): Operation[] {
  if (!content) return [];
  return [{ kind, row: content.index, document: origin === content ? documentOf(content) : withIdOf(origin, content) }];
}

const isStored = (origin: StoredRow | ChunkRow): origin is StoredRow => 'idBytes' in origin;

function hasBodyOf({ origin, content }: Record, row: ChunkRow): boolean {
  if (!content) return isStored(origin) && hasStoredBody(origin, row);
  return row.bytes.compare(content.bytes, content.bodyStart, content.end, row.bodyStart, row.end) === 0;
}

const hasStoredBody = ({ body }: StoredRow, { bytes, bodyStart, end }: ChunkRow): boolean =>
  body?.compare(bytes, bodyStart, end - 1) === 0;

function withIdOf(origin: StoredRow | ChunkRow, { bytes, bodyStart, end }: ChunkRow): Buffer {
  const id = isStored(origin) ? origin.idBytes : origin.bytes.subarray(origin.start + 4, origin.bodyStart);
  return joinDocument([id, bytes.subarray(bodyStart, end - 1)]);
}
