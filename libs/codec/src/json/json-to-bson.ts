import { ARRAY, DATE, DOCUMENT, REGEX, STRING, UNDEFINED } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { DocumentId } from '../bson/document-id.ts';
import { writeIndexName } from '../bson/element-bytes.ts';
import type { TextEncoding } from '../encodings/text-encoding.ts';
import { rowFault, type RowProblem } from '../rows/row-errors.ts';
import * as stored from '../stored-types/stored-type.ts';
import { MISMATCH, OUT_OF_RANGE, writeTextAs } from '../stored-types/text-to-bson.ts';
import { readWrapper } from './extended-json-reader.ts';
import { isPlainDate } from './plain-date.ts';
import { JsonCursor } from './json-cursor.ts';
import { readNumber } from './json-number.ts';
import { readLiteral } from './json-literal.ts';
import { readString } from './json-string.ts';
import { refuseMore, refuseOtherThanObject } from './misplaced-row.ts';
import { namesUnlessAdded, readKnownName, readNewName, refuseDoubled } from './object-names.ts';
import { Field, type Shape, ShapeBudget } from './key-shapes.ts';

export interface JsonToBsonOptions {
  idPrefix: Uint8Array;
  types: stored.TypeNode;
  wrappers: boolean;
  /** Reads whatever canonical text of ours holds: names with `$` and dots, and `$document`. */
  exact: boolean;
  encoding: TextEncoding;
  maxDepth: number;
  maxFields: number;
  /** The rows come one a line (for hints). */
  rowIsLine: boolean;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const dollar = 0x24;

/** Turns the JSON text of rows into BSON documents, one pass, without a JavaScript object between. */
export class JsonToBson {
  readonly cursor: JsonCursor;
  readonly id: DocumentId;
  /** Whether the row read last holds Extended JSON wrappers. */
  hasWrappers = false;
  /** For values of which nothing is known. */
  readonly untyped: Field;
  readonly exact: boolean;
  private readonly top: Field;

  constructor(
    readonly sink: ByteSink,
    private readonly options: JsonToBsonOptions,
  ) {
    this.exact = options.exact;
    this.cursor = new JsonCursor(options.maxDepth, options.encoding);
    this.id = new DocumentId(sink, options.idPrefix);
    const budget = new ShapeBudget();
    this.untyped = new Field(stored.ANY, undefined, budget);
    this.top = new Field(stored.ANY, options.types, budget);
  }

  /** Appends the row's document to the sink, or leaves the sink alone and returns what is wrong. */
  encode(src: Buffer, start: number, end: number, row: number): RowProblem | undefined {
    const documentAt = this.sink.length;
    this.hasWrappers = false;
    this.cursor.open(src, start, end);
    try {
      if (this.cursor.skipSpace() !== 0x7b) refuseOtherThanObject(this.cursor, end, this.options.rowIsLine);
      this.cursor.at++;
      this.readFields(this.top.shape, 1, row, false);
      this.cursor.skipSpace();
      if (this.cursor.at !== end) refuseMore(this.cursor, this.options.rowIsLine);
      this.cursor.checkUtf8();
      return undefined;
    } catch (error) {
      if (error !== rowFault) throw error;
      this.sink.length = documentAt;
      return this.cursor.problem;
    } finally {
      this.cursor.close();
    }
  }

  /** A value of any kind, whose BSON type is returned. */
  readValue(field: Field, depth: number): number {
    const { cursor } = this;
    const byte = cursor.skipSpace();
    if (byte === quote) {
      cursor.at++;
      return field.type === stored.ANY || field.type === stored.AS_STRING
        ? this.readStringValue()
        : this.readTextAs(field.type);
    }
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return readNumber(cursor, this.sink, field.type);
    if (byte === 0x7b) return this.readObject(field, depth);
    if (byte === 0x5b) return this.readArray(field, depth);
    return readLiteral(cursor, this.sink, byte, field.type);
  }

  readStringValue(): number {
    const { sink } = this;
    sink.reserve(4);
    const at = sink.length;
    sink.length += 4;
    readString(this.cursor, sink);
    sink.bytes[sink.length++] = 0;
    sink.view.setInt32(at, sink.length - at - 4, true);
    return STRING;
  }

  /** The string that the cursor stands in, stored as something else. */
  readTextAs(type: number): number {
    const { cursor, sink } = this;
    const textAt = cursor.at;
    const at = sink.length;
    readString(cursor, sink);
    if (type === stored.AS_INT || type === stored.AS_DOUBLE || type === stored.AS_BOOLEAN || type === stored.AS_NULL) {
      this.mismatch('A string', type, textAt);
    }
    const end = sink.length;
    sink.length = at;
    const written = writeTextAs(type, sink.bytes, at, end, sink);
    if (written === MISMATCH) this.mismatch('This string', type, textAt);
    if (written === OUT_OF_RANGE) {
      cursor.fail(
        'NUMBER_OUT_OF_RANGE',
        `The number does not fit ${stored.storedTypeName(type)}.`,
        cursor.text(textAt, cursor.at - 1),
      );
    }
    return written;
  }

  mismatch(what: string, type: number, from: number): never {
    const { cursor } = this;
    const text = cursor.text(from, Math.max(from, cursor.at - 1));
    return cursor.fail('TYPE_MISMATCH', `${what} cannot be stored as ${stored.storedTypeName(type)}.`, text);
  }

  /** An object behind its opening brace, as a document. `row` is 0 below the top. */
  readFields(root: Shape, depth: number, row: number, dbRef: boolean): number {
    const { cursor, sink } = this;
    if (depth > this.options.maxDepth) this.tooDeep();
    sink.reserve(4);
    const sizeAt = sink.length;
    sink.length += 4;
    if (row !== 0) this.id.begin(row);
    let shape = root;
    let names: Set<string> | undefined;
    let count = 0;
    let byte = cursor.skipSpace();
    if (byte === 0x7d) cursor.at++;
    while (byte !== 0x7d) {
      if (byte !== quote) cursor.unexpected();
      const nameAt = ++cursor.at;
      cursor.keys[depth] = nameAt;
      cursor.depth = depth;
      if (++count > this.options.maxFields) {
        cursor.fail('TOO_MANY_COLUMNS', `An object has more than ${this.options.maxFields} fields.`);
      }
      const typeAt = sink.length;
      let field: Field;
      let isId: boolean;
      const known = names === undefined ? readKnownName(cursor, sink, shape) : undefined;
      if (known) {
        shape = known;
        field = known.field;
        isId = known.isId;
      } else {
        const name = readNewName(cursor, sink, dbRef, this.exact);
        const escaped = cursor.at - nameAt - 1 !== sink.length - typeAt - 2;
        names ??= namesUnlessAdded(cursor, shape, name, row !== 0, escaped);
        if (names === undefined) {
          shape = shape.likely!;
          field = shape.field;
          isId = shape.isId;
        } else {
          if (names.has(name)) refuseDoubled(cursor, name);
          names.add(name);
          field = root.fieldNamed(name);
          isId = row !== 0 && name === '_id';
        }
      }
      if (cursor.skipSpace() !== colon) cursor.unexpected();
      cursor.at++;
      const type = this.readValue(field, depth + 1);
      sink.bytes[typeAt] = type;
      if (isId) this.checkId(typeAt, type, depth);
      byte = cursor.skipSpace();
      cursor.at++;
      if (byte === comma) byte = this.afterComma();
      else if (byte !== 0x7d) this.back();
    }
    if (row !== 0) this.id.finish(row);
    sink.reserve(1);
    sink.bytes[sink.length++] = 0;
    sink.view.setInt32(sizeAt, sink.length - sizeAt, true);
    return DOCUMENT;
  }

  private readObject(field: Field, depth: number): number {
    const { cursor } = this;
    const start = cursor.at++;
    if (this.options.wrappers && cursor.skipSpace() === quote && cursor.src[cursor.at + 1] === dollar) {
      this.hasWrappers = true;
      return isPlainDate(this, field) ? DATE : readWrapper(this, field, depth, start);
    }
    if (field.type !== stored.ANY) this.mismatch('An object', field.type, start);
    return this.readFields(field.shape, depth, 0, false);
  }

  private readArray(field: Field, depth: number): number {
    const { cursor, sink } = this;
    if (depth > this.options.maxDepth) this.tooDeep();
    cursor.at++;
    sink.reserve(4);
    const sizeAt = sink.length;
    sink.length += 4;
    let byte = cursor.skipSpace();
    if (byte === 0x5d) cursor.at++;
    for (let index = 0; byte !== 0x5d; index++) {
      cursor.keys[depth] = -1 - index;
      cursor.depth = depth;
      sink.reserve(1);
      const typeAt = sink.length++;
      writeIndexName(sink, index);
      const type = this.readValue(field, depth + 1);
      sink.bytes[typeAt] = type;
      byte = cursor.skipSpace();
      cursor.at++;
      if (byte === comma) continue;
      if (byte !== 0x5d) this.back();
    }
    sink.reserve(1);
    sink.bytes[sink.length++] = 0;
    sink.view.setInt32(sizeAt, sink.length - sizeAt, true);
    return ARRAY;
  }

  private checkId(typeAt: number, type: number, depth: number): void {
    if (type === ARRAY || type === REGEX || type === UNDEFINED) {
      this.cursor.depth = depth;
      this.cursor.fail('INVALID_ID', 'An _id may not be an array, a regular expression or undefined.');
    }
    this.id.found(typeAt);
  }

  /** A comma must be followed by another name. */
  private afterComma(): number {
    const byte = this.cursor.skipSpace();
    if (byte !== quote) this.cursor.unexpected();
    return byte;
  }

  private back(): never {
    this.cursor.at--;
    return this.cursor.unexpected();
  }

  private tooDeep(): never {
    return this.cursor.fail('NESTED_TOO_DEEP', `The row is nested deeper than ${this.options.maxDepth} levels.`);
  }
}
