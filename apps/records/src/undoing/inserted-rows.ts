import { hash } from 'node:crypto';
import {
  asBuffer,
  bsonType,
  elementsOf,
  firstElement,
  joinDocument,
  MalformedBson,
  type RawElement,
} from '@keyport/mongo';

/** Of SHA-256: two different records with the same would be one in 2^128. */
const hashBytes = 16;
/** Of an `_id` that an import made: its own id, and then the number of the row. */
const sourceBytes = 8;
const runBytes = 8;
/** Behind a document's length. */
const idStart = 4;

/** What a chunk inserted, as the ledger keeps it: 16 bytes a row, and of ids what cannot be made again. */
export interface StoredInserts {
  /** For made ids: first row number and number of rows of each run without gaps, each an unsigned int32. */
  readonly runs?: Uint8Array;
  /** For all others: the ids as a BSON array. */
  readonly ids?: Uint8Array;
  /** By id, in the same order. */
  readonly hashes: Uint8Array;
}

/** Tells whether a record still is, byte for byte, what was stored. Twice as fast as with a buffer for its result (measured). */
const fullHash = (document: Uint8Array): string => hash('sha256', document, 'binary');

export const recordHash = (document: Uint8Array): string => fullHash(document).slice(0, hashBytes);

/** What a chunk inserts, gathered while it is written: it costs 0.5 us a row (measured), so it makes few objects. */
export class InsertedRows {
  /** Numbers of the rows whose ids were made, as long as all are. */
  private readonly rows: number[] = [];
  /** Type and value of each `_id`, a character a byte, once one was not made. */
  private ids: string[] | undefined;
  private readonly hashes: string[] = [];
  /** Made only where something asks: mostly nothing is replaced. */
  private readonly places = new Map<string, number>();
  private readonly prefix: Buffer;

  /** `source`: whose chunk it is. */
  constructor(private readonly source: string) {
    this.prefix = madeIdPrefix(source);
  }

  /** The document is about to be inserted. */
  insert(document: Buffer): void {
    if (!this.ids && this.isMade(document)) this.rows.push(document.readUInt32BE(idStart + this.prefix.length));
    else this.allIds().push(idOf(document));
    this.hashes.push(fullHash(document));
  }

  /** A row behind it in the same chunk gives a record, perhaps one of these, new content. */
  replace(document: Buffer): void {
    const place = this.hashes.length > 0 ? this.placeOf(idOf(document)) : undefined;
    if (place !== undefined) this.hashes[place] = fullHash(document);
  }

  /** Undefined where nothing was inserted. */
  stored(): StoredInserts | undefined {
    if (this.hashes.length === 0) return undefined;
    const hashes = Buffer.allocUnsafe(this.hashes.length * hashBytes);
    this.hashes.forEach((one, index) => hashes.write(one, index * hashBytes, hashBytes, 'latin1'));
    return this.ids ? { ids: arrayOf(this.ids), hashes } : { runs: runsOf(this.rows), hashes };
  }

  /** An ObjectId that begins with the source, as the first element. */
  private isMade(document: Buffer): boolean {
    const { prefix } = this;
    for (let at = 0; at < prefix.length; at += 1) if (document[idStart + at] !== prefix[at]) return false;
    return true;
  }

  private allIds(): string[] {
    this.ids ??= this.rows.map((row) => madeId(this.source, row));
    return this.ids;
  }

  private placeOf(id: string): number | undefined {
    for (let place = this.places.size; place < this.hashes.length; place += 1) {
      this.places.set(this.ids?.[place] ?? madeId(this.source, this.rows[place] ?? 0), place);
    }
    return this.places.get(id);
  }
}

/** A record as it was inserted. */
export interface InsertedRow {
  /** `_id` as the first element of a document of its own. */
  readonly id: RawElement;
  readonly hash: string;
}

/** What {@link InsertedRows.stored} says of a chunk of the source. */
export function insertedRows(source: string, { runs, ids, hashes }: StoredInserts): InsertedRow[] {
  const texts = runs ? madeIds(source, asBuffer(runs)) : textsOf(asBuffer(ids ?? Buffer.alloc(0)));
  const all = asBuffer(hashes).toString('latin1');
  return texts.map((text, index) => {
    const id = firstElement(joinDocument([idElement(text)]));
    if (!id) throw new MalformedBson('an id that is no element');
    return { id, hash: all.slice(index * hashBytes, (index + 1) * hashBytes) };
  });
}

function idOf(document: Buffer): string {
  const id = firstElement(document);
  if (!id) throw new MalformedBson('a document without elements');
  return textOf(id);
}

const textOf = ({ bytes, type, valueStart, end }: RawElement): string =>
  String.fromCharCode(type) + bytes.toString('latin1', valueStart, end);

/** Element of a document with the id of this text. */
const idElement = (text: string, name = '_id'): Buffer =>
  Buffer.from(`${text.slice(0, 1)}${name}\0${text.slice(1)}`, 'latin1');

/** As the first element of a document has it: type, name, and the first part of the value. */
const madeIdPrefix = (source: string): Buffer =>
  Buffer.concat([Buffer.from([bsonType.objectId]), Buffer.from('_id\0'), Buffer.from(source, 'hex')]);

function madeId(source: string, row: number): string {
  const id = Buffer.allocUnsafe(1 + sourceBytes + 4);
  id[0] = bsonType.objectId;
  id.write(source, 1, sourceBytes, 'hex');
  id.writeUInt32BE(row, 1 + sourceBytes);
  return id.toString('latin1');
}

function runsOf(rows: readonly number[]): Buffer {
  const runs: number[] = [];
  let expected = -1;
  for (const row of rows) {
    if (row === expected) runs.push((runs.pop() ?? 0) + 1);
    else runs.push(row, 1);
    expected = row + 1;
  }
  const stored = Buffer.allocUnsafe(runs.length * 4);
  runs.forEach((number, index) => stored.writeUInt32BE(number, index * 4));
  return stored;
}

function madeIds(source: string, runs: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at < runs.length; at += runBytes) {
    const [first, count] = [runs.readUInt32BE(at), runs.readUInt32BE(at + 4)];
    for (let row = first; row < first + count; row += 1) ids.push(madeId(source, row));
  }
  return ids;
}

const arrayOf = (ids: readonly string[]): Buffer =>
  joinDocument(ids.map((text, index) => idElement(text, String(index))));

function textsOf(array: Buffer): string[] {
  const texts: string[] = [];
  for (const element of elementsOf(array)) texts.push(textOf(element));
  return texts;
}
