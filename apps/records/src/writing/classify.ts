import type { WriteMode, WriteRejection } from '@keyport/contracts';
import { joinDocument } from '@keyport/mongo';
import { documentOf, isRejection, readRow, type ChunkRow, type Identifying } from './chunk.ts';
import { classifyDeletes } from './classify-deletes.ts';
import { maxDocumentBytes, withFieldsOf } from './merged-document.ts';
import type { MetKeys } from './met-keys.ts';
import { duplicateKey, inOrder, noCounts, tooLarge, type Operation, type Plan, type Refusals } from './plan.ts';
import type { CheckRow } from './record-checks.ts';
import type { StoredRow } from './stored-row.ts';
import { rowNotAllowed, type WriteGate } from './write-gate.ts';

export interface Rules {
  readonly mode: WriteMode;
  /** What identifies a whole record. */
  readonly by: Identifying;
  /** Names of the dataset's key fields. */
  readonly keyFields: readonly string[];
  /** True where a row can change the key of a stored record: the order of statements then matters. */
  readonly keepsOrder: boolean;
  /** True where a row on its own does not say which key it gives to a record, which keeps its `_id`. */
  readonly keyHoldsId?: boolean;
  /** What comes of a merged row must pass it; undefined where rows were checked before. */
  readonly check?: CheckRow | undefined;
  /** What a limited writer may write; undefined where nothing is limited. */
  readonly gate?: WriteGate | undefined;
  /** Told which keys records get; only where rows on their own do not say. */
  readonly metKeys?: MetKeys | undefined;
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
 * Applies the rows one by one, in order, to what is stored: an insert keeps the first and rejects later ones; an upsert or
 * replace puts the row's fields in place of all fields of the record it matches, a merge in place of those of the same
 * names; the record keeps its `_id`, and the last row wins. What matches nothing is inserted, or skipped by a replace. The
 * counts are those of applying one by one; the statements are as few as give the same end.
 */
export function classify(
  rows: readonly ChunkRow[],
  stored: readonly StoredRow[],
  rules: Rules,
  refused: Refusals = new Map(),
): Plan {
  if (rules.mode === 'delete') return classifyDeletes(rows, stored, rules.gate, refused);
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
  private readonly counts: { -readonly [name in keyof typeof noCounts]: number } = { ...noCounts };

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
    if (!target && this.rules.mode === 'replace') {
      this.counts.skipped += 1;
      return;
    }
    const admitted = this.complete(target ? this.changed(target, row) : this.created(row));
    if (isRejection(admitted)) this.rejected.push(admitted);
    else if (target) this.update(target, admitted);
    else this.insert(admitted);
  }

  plan(): Plan {
    const operations = this.rules.keepsOrder ? this.statements : [...this.touched].flatMap(statementOf);
    return { operations, reply: { ...this.counts, rejected: inOrder(this.rejected) } };
  }

  /** The row as a new record, as far as its writer may. */
  private created(row: ChunkRow): ChunkRow | WriteRejection {
    return row.keyFault ?? this.rules.gate?.insert(row) ?? row;
  }

  /** What the row makes of the record, as far as its writer may. */
  private changed(target: Record, row: ChunkRow): ChunkRow | WriteRejection {
    const { gate, mode } = this.rules;
    const { origin, content } = target;
    const whole = mode === 'merge' ? this.merged(target, row) : this.placed(origin, row);
    if (!gate) return whole;
    const before = { stored: !content && isStored(origin) ? origin : undefined, document: () => wholeOf(target) };
    const change = { row, whole, withId: (after: ChunkRow) => withIdOf(origin, after) };
    return mode === 'replace' ? gate.replace(before, change) : gate.update(before, change);
  }

  private complete(row: ChunkRow | WriteRejection): ChunkRow | WriteRejection {
    return (!isRejection(row) && this.rules.check?.(row)) || row;
  }

  /** The row in the record's place. */
  private placed(origin: Record['origin'], row: ChunkRow): ChunkRow | WriteRejection {
    if (!this.rules.keyHoldsId) return row;
    return readRow(withIdOf(origin, row), 0, row.index, this.rules.by);
  }

  private merged(target: Record, row: ChunkRow): ChunkRow | WriteRejection {
    const before = wholeOf(target);
    if (!before) throw new Error('the stored record was not read');
    const document = withFieldsOf(before, documentOf(row));
    if (document.length > maxDocumentBytes) return tooLarge(row.index);
    return readRow(document, 0, row.index, this.rules.by);
  }

  private insert(row: ChunkRow): void {
    const sameId = this.byId.get(row.id);
    const sameKey = row.key === null ? undefined : this.byKey.get(row.key);
    if (sameId) this.rejectDuplicate(row, sameId, ['_id']);
    else if (sameKey) this.rejectDuplicate(row, sameKey, this.rules.keyFields);
    else {
      const record: Record = { id: row.id, origin: row, key: row.key, content: row };
      this.add(record, row.match);
      this.counts.inserted += 1;
      this.write('insert', record);
    }
  }

  private update(target: Record, row: ChunkRow): void {
    const changesKey = row.key !== target.key;
    if (changesKey) this.rules.metKeys?.meet(row);
    const same = changesKey && row.key !== null ? this.byKey.get(row.key) : undefined;
    if (same) return this.rejectDuplicate(row, same, this.rules.keyFields);
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

  private rejectDuplicate(row: ChunkRow, { origin, content }: Record, fields: readonly string[]): void {
    const isHidden = !content && isStored(origin) && this.rules.gate?.hides(origin) === true;
    this.rejected.push(isHidden ? rowNotAllowed(row) : duplicateKey(row.index, fields));
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

function wholeOf({ origin, content }: Record): Buffer | undefined {
  if (content) return withIdOf(origin, content);
  if (!isStored(origin)) return documentOf(origin);
  return origin.body && joinDocument([origin.idBytes, origin.body]);
}

function withIdOf(origin: StoredRow | ChunkRow, { bytes, bodyStart, end }: ChunkRow): Buffer {
  const id = isStored(origin) ? origin.idBytes : origin.bytes.subarray(origin.start + 4, origin.bodyStart);
  return joinDocument([id, bytes.subarray(bodyStart, end - 1)]);
}
