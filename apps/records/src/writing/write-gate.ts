import type { WriteRejection } from '@keyport/contracts';
import { commonTree, fieldOutside } from '../limits/field-tree.ts';
import { documentOf, isRejection, readRow, type ChunkRow, type Identifying } from './chunk.ts';
import type { StoredRow } from './stored-row.ts';
import { maxDocumentBytes, mergedDocument } from './merged-document.ts';
import { tooLarge } from './plan.ts';
import type { Verdicts } from '../limits/verdicts.ts';
import type { LimitedRight, WriteLimit, WriteLimits } from './write-limits.ts';

/** A record before a row changes it. */
export interface Before {
  /** Set while the record is as stored. */
  readonly stored: StoredRow | undefined;
  /** All of it; undefined where it is as stored and its body was not read. */
  readonly document: () => Buffer | undefined;
}

/** What a row would make of a record. */
export interface Change {
  readonly row: ChunkRow;
  /** The record afterwards, were all fields allowed, or why there cannot be one. */
  readonly whole: ChunkRow | WriteRejection;
  /** The whole record that a row's body makes. */
  readonly withId: (row: ChunkRow) => Buffer;
}

export interface GateOptions {
  readonly limits: WriteLimits;
  readonly verdicts: Verdicts;
  /** The queries that stored records match, by their `id`. */
  readonly stored: ReadonlyMap<string, ReadonlySet<number>>;
  readonly by: Identifying;
  /** True where Keyport made the row's `_id`. */
  readonly hasMadeId: (row: ChunkRow) => boolean;
}

/**
 * Says which rows a limited writer may write, and what becomes of a row that changes a record. A limit of rows must admit
 * the record before and after. A limit of fields never lets a row take a record's place: its fields are merged into it.
 */
export class WriteGate {
  constructor(private readonly the: GateOptions) {}

  insert(row: ChunkRow): ChunkRow | WriteRejection {
    for (const right of this.the.limits.insert) {
      const fault = this.faultOfInsert(row, right);
      if (fault) return fault;
    }
    return row;
  }

  /** The row as it is to be applied. */
  update(before: Before, { row, whole: after, withId }: Change): ChunkRow | WriteRejection {
    const rights = this.admitting(before);
    if (rights.some((right) => right.length === 0)) return rowNotAllowed(row);
    const whole = rights.map(wholeOf);
    const isWithin = (document: Buffer) => whole.every((right) => this.admits(document, right));
    if (isRejection(after) ? whole.every((right) => right.length > 0) : isWithin(withId(after))) return after;
    const partial = rights.map((right) => (right.some(isPartial) ? right.filter(isPartial) : right));
    if (!partial.some((right) => right.some(isPartial))) return rowNotAllowed(row);
    return this.merge(before, row, partial);
  }

  /** As `update`, of a row that takes a record's place in full: a limit of fields does not allow that. */
  replace(before: Before, { row, whole: after, withId }: Change): ChunkRow | WriteRejection {
    const rights = this.admitting(before);
    if (rights.some((right) => right.length === 0)) return rowNotAllowed(row);
    const whole = rights.map(wholeOf);
    if (whole.some((right) => right.length === 0)) return wholeNotAllowed(row);
    if (isRejection(after)) return after;
    return whole.every((right) => this.admits(withId(after), right)) ? after : rowNotAllowed(row);
  }

  /** Why the stored record may not be deleted; undefined where it may. */
  faultOfDelete(stored: StoredRow, row: ChunkRow): WriteRejection | undefined {
    const rights = this.admitting({ stored, document: () => undefined });
    if (rights.some((right) => right.length === 0)) return rowNotAllowed(row);
    return rights.some((right) => wholeOf(right).length === 0) ? wholeNotAllowed(row) : undefined;
  }

  /** True where a limited writer does not see the stored record that a row collides with. */
  hides({ id }: StoredRow): boolean {
    const { insert, update } = this.the.limits;
    return [...insert, ...update].some((right) => !right.some(({ query }) => this.isStoredAs(id, query)));
  }

  /** Of each right, the limits that admit the record. */
  private admitting(before: Before): LimitedRight[] {
    return this.the.limits.update.map((right) => right.filter(({ query }) => this.admitsBefore(before, query)));
  }

  private faultOfInsert(row: ChunkRow, right: LimitedRight): WriteRejection | undefined {
    const outside = right.map((limit) => this.fieldOutside(row, limit));
    // What no limit allows needs no look at the row's values.
    const first = outside[0];
    if (first !== undefined && !outside.includes(undefined)) return fieldNotAllowed(row, first);
    const admitting = right.flatMap(({ query }, index) =>
      this.the.verdicts.matches(documentOf(row), query) ? [outside[index]] : [],
    );
    if (admitting.length === 0) return rowNotAllowed(row);
    const [path] = admitting;
    return path === undefined || admitting.includes(undefined) ? undefined : fieldNotAllowed(row, path);
  }

  private merge(before: Before, row: ChunkRow, rights: readonly LimitedRight[]): ChunkRow | WriteRejection {
    const allowing = rights.map((right) => right.filter((limit) => this.fieldOutside(row, limit) === undefined));
    const refusing = allowing.findIndex((right) => right.length === 0);
    if (refusing >= 0) return fieldNotAllowed(row, this.fieldOutside(row, rights[refusing]?.[0]));
    const stored = before.document();
    if (!stored) throw new Error('the stored record was not read');
    // Inside what all of them allow, so that it changes nothing which one of them does not.
    const tree = allowing.flatMap((right) => right.flatMap(({ fields }) => fields ?? [])).reduce(commonTree);
    const document = mergedDocument(stored, documentOf(row), tree);
    if ('path' in document) return fieldNotAllowed(row, document.path);
    if (document.length > maxDocumentBytes) return tooLarge(row.index);
    const after = readRow(document, 0, row.index, this.the.by);
    if (isRejection(after)) return after;
    return allowing.every((right) => this.admits(document, right)) ? after : rowNotAllowed(row);
  }

  private admits(document: Buffer, right: LimitedRight): boolean {
    return right.some(({ query }) => this.the.verdicts.matches(document, query));
  }

  private admitsBefore({ stored, document }: Before, query: number | undefined): boolean {
    if (stored) return this.isStoredAs(stored.id, query);
    const changed = document();
    return changed !== undefined && this.the.verdicts.matches(changed, query);
  }

  private isStoredAs(id: string, query: number | undefined): boolean {
    return query === undefined || this.the.stored.get(id)?.has(query) === true;
  }

  private fieldOutside(row: ChunkRow, limit: WriteLimit | undefined): string | undefined {
    if (!limit?.fields) return undefined;
    const ignored = this.the.hasMadeId(row) ? madeId : undefined;
    return fieldOutside(limit.fields, row.bytes, row.start, ignored);
  }
}

const madeId: ReadonlySet<string> = new Set(['_id']);
const isPartial = ({ fields }: WriteLimit): boolean => fields !== undefined;
const wholeOf = (right: LimitedRight): LimitedRight => right.filter((limit) => !isPartial(limit));

export const rowNotAllowed = ({ index }: ChunkRow): WriteRejection => ({
  index,
  code: 'ROW_NOT_ALLOWED',
  message: 'The token may not write this row.',
});

const fieldNotAllowed = ({ index }: ChunkRow, path = ''): WriteRejection => ({
  index,
  code: 'FIELD_NOT_ALLOWED',
  message: `The token may not write the field ${path}.`,
  path,
});

const wholeNotAllowed = ({ index }: ChunkRow): WriteRejection => ({
  index,
  code: 'FIELD_NOT_ALLOWED',
  message: 'The token may write some fields alone, and not replace or delete a whole record.',
});
