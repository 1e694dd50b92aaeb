import { isUtf8 } from 'node:buffer';
import * as bson from '../bson/bson-types.ts';
import { documentEnd, readInt32, skipName } from '../bson/bson-walk.ts';
import { ByteSink } from '../bson/byte-sink.ts';
import { writeDollarDocument, writeWrapper } from './extended-json-writer.ts';
import { writeDoubleText, writeEscaped, writeWholeNumber } from './json-text.ts';

export interface JsonTextOptions {
  /** Extended JSON v2; default relaxed. Canonical keeps every type. */
  ejson?: 'relaxed' | 'canonical';
}

/** Documents as NDJSON: one line each, a line feed behind every one. */
export function bsonToNdjson(documents: Uint8Array, options: JsonTextOptions = {}): Uint8Array {
  const text = new JsonText(documents, options.ejson === 'canonical');
  for (let at = 0; at < documents.length;) {
    const end = documentEnd(documents, at);
    text.writeDocument(at, end);
    text.sink.reserve(1);
    text.sink.bytes[text.sink.length++] = 0x0a;
    at = end;
  }
  return text.finish();
}

/** Documents as elements of a JSON array. The caller writes its brackets; `first` says that nothing stands before. */
export function bsonToJsonElements(documents: Uint8Array, options: JsonTextOptions & { first: boolean }): Uint8Array {
  const text = new JsonText(documents, options.ejson === 'canonical');
  let { first } = options;
  for (let at = 0; at < documents.length;) {
    const end = documentEnd(documents, at);
    if (!first) text.sink.writeAscii(',\n');
    first = false;
    text.writeDocument(at, end);
    at = end;
  }
  return text.finish();
}

/** Writes JSON text from BSON bytes, one pass, without a JavaScript object between. */
export class JsonText {
  readonly source: Buffer;
  readonly view: DataView;
  readonly sink: ByteSink;
  /** All bytes of strings, or-ed. */
  private bits = 0;

  constructor(
    documents: Uint8Array,
    readonly canonical: boolean,
    sink?: ByteSink,
  ) {
    this.source = Buffer.from(documents.buffer, documents.byteOffset, documents.byteLength);
    this.view = new DataView(documents.buffer, documents.byteOffset, documents.byteLength);
    this.sink = sink ?? new ByteSink(Math.ceil(documents.length * (canonical ? 2 : 1.25)) + 256);
  }

  /** What stored strings hold beyond UTF-8 is replaced by U+FFFD: JSON has no place for it. */
  finish(): Uint8Array {
    const text = this.sink.bytes.subarray(0, this.sink.length);
    return this.bits < 0x80 || isUtf8(text) ? text : Buffer.from(text.toString());
  }

  /** As {@link finish}, and goes on with a fresh buffer. What follows may begin only between two characters. */
  detach(): Uint8Array {
    const text = this.finish();
    this.sink.detach(this.sink.length, this.sink.bytes.length);
    this.bits = 0;
    return text;
  }

  writeDocument(start: number, end: number): void {
    const { source, sink } = this;
    const last = end - 1;
    let at = start + 4;
    let separator = 0x7b;
    while (at < last) {
      const type = source[at++]!;
      sink.reserve(8);
      sink.bytes[sink.length++] = separator;
      sink.bytes[sink.length++] = 0x22;
      at = this.writeName(at, end);
      sink.bytes[sink.length++] = 0x22;
      sink.bytes[sink.length++] = 0x3a;
      at = this.writeValue(type, at);
      separator = 0x2c;
    }
    sink.reserve(2);
    if (separator === 0x7b) sink.bytes[sink.length++] = 0x7b;
    sink.bytes[sink.length++] = 0x7d;
  }

  /** Writes the value and returns where it ends. */
  writeValue(type: number, at: number): number {
    const { sink, view, canonical } = this;
    switch (type) {
      case bson.STRING:
        return this.writeString(at);
      case bson.INT32:
        if (canonical) return writeWrapper(this, type, at);
        writeWholeNumber(sink, view.getInt32(at, true));
        return at + 4;
      case bson.INT64:
        if (canonical) return writeWrapper(this, type, at);
        this.writeInt64(at);
        return at + 8;
      case bson.DOUBLE: {
        const value = view.getFloat64(at, true);
        if (canonical || !Number.isFinite(value)) return writeWrapper(this, type, at);
        writeDoubleText(sink, value);
        return at + 8;
      }
      case bson.BOOLEAN:
        sink.writeAscii(this.source[at] === 0 ? 'false' : 'true');
        return at + 1;
      case bson.NULL:
        sink.writeAscii('null');
        return at;
      case bson.DOCUMENT: {
        const end = at + readInt32(this.source, at);
        if (canonical && this.source[at + 5] === 0x24) writeDollarDocument(this, at, end);
        else this.writeDocument(at, end);
        return end;
      }
      case bson.ARRAY:
        return this.writeArray(at);
      default:
        return writeWrapper(this, type, at);
    }
  }

  /** A length-prefixed string, quoted. */
  writeString(at: number): number {
    const { sink } = this;
    const end = at + 4 + readInt32(this.source, at);
    sink.reserve(1);
    sink.bytes[sink.length++] = 0x22;
    this.bits |= writeEscaped(sink, this.source, at + 4, end - 1);
    sink.bytes[sink.length++] = 0x22;
    return end;
  }

  /** A NUL-terminated string, quoted. */
  writeCstring(at: number): number {
    const end = skipName(this.source, at);
    this.sink.writeAscii('"');
    this.bits |= writeEscaped(this.sink, this.source, at, end - 1);
    this.sink.writeAscii('"');
    return end;
  }

  /** Some of a string's bytes, escaped. */
  writeTextBytes(start: number, end: number): void {
    this.bits |= writeEscaped(this.sink, this.source, start, end);
  }

  /** Digits alone. */
  writeInt64(at: number): void {
    const { sink, view } = this;
    const high = view.getInt32(at + 4, true);
    // Within ±2^53 a double holds the number exactly.
    if (high >= -0x200000 && high < 0x200000) writeWholeNumber(sink, high * 4294967296 + view.getUint32(at, true));
    else sink.writeAscii(String(view.getBigInt64(at, true)));
  }

  private writeArray(start: number): number {
    const { source, sink } = this;
    const end = start + readInt32(source, start);
    let at = start + 4;
    let separator = 0x5b;
    while (at < end - 1) {
      const type = source[at]!;
      sink.reserve(1);
      sink.bytes[sink.length++] = separator;
      at = this.writeValue(type, skipName(source, at + 1));
      separator = 0x2c;
    }
    sink.reserve(2);
    if (separator === 0x5b) sink.bytes[sink.length++] = 0x5b;
    sink.bytes[sink.length++] = 0x5d;
    return end;
  }

  /** A field name up to its NUL, escaped; returns where the value begins. */
  private writeName(start: number, end: number): number {
    const { source, sink } = this;
    sink.reserve(end - start + 8);
    const out = sink.bytes;
    let to = sink.length;
    let bits = 0;
    let at = start;
    for (let byte = source[at]!; byte !== 0; byte = source[++at]!) {
      if (byte < 0x20 || byte === 0x22 || byte === 0x5c) {
        const nameEnd = skipName(source, at);
        sink.length = to;
        this.bits |= bits | writeEscaped(sink, source, at, nameEnd - 1);
        return nameEnd;
      }
      out[to++] = byte;
      bits |= byte;
    }
    sink.length = to;
    this.bits |= bits;
    return at + 1;
  }
}
