import * as bson from '../bson/bson-types.ts';
import { documentEnd, readInt32, skipName, skipValue } from '../bson/bson-walk.ts';
import { ByteSink } from '../bson/byte-sink.ts';
import { JsonText, type JsonTextOptions } from './bson-to-json.ts';
import { binaryClosing, binaryOpening, payloadStart } from './extended-json-writer.ts';
import { textSlices } from './text-slices.ts';

export interface PieceOptions {
  /** Bytes that a piece has at the least, all but the last one; default 1 MiB. It has half as many more at the most. */
  pieceBytes?: number;
}

const defaultPieceBytes = 1024 * 1024;
/** A value of so many bytes, as a part of a piece, is written at once: its text has six times as many at the most. */
const partOfPiece = 16;

/**
 * The text of one document as {@link bsonToNdjson} writes it, without the line feed, in pieces: a document of 16 MB may
 * have 100 MB of text, and never more than a piece of it is in memory.
 */
export function* jsonPieces(
  document: Uint8Array,
  { ejson, pieceBytes }: JsonTextOptions & PieceOptions = {},
): Generator<Uint8Array> {
  const pieces = new JsonPieces(document, ejson === 'canonical', pieceBytes);
  yield* pieces.document(0, documentEnd(document, 0));
  yield* pieces.rest();
}

/** Writes values of any size. What is handed out between them is never an empty piece. */
export class JsonPieces {
  readonly text: JsonText;
  private readonly smallBytes: number;

  constructor(
    document: Uint8Array,
    canonical: boolean,
    private readonly pieceBytes = defaultPieceBytes,
  ) {
    this.text = new JsonText(document, canonical, new ByteSink(pieceBytes * 1.5));
    this.smallBytes = Math.max(3, Math.floor(pieceBytes / partOfPiece));
  }

  *rest(): Generator<Uint8Array> {
    if (this.text.sink.length > 0) yield this.text.detach();
  }

  *document(start: number, end: number): Generator<Uint8Array> {
    const { source, sink } = this.text;
    let separator = '{';
    for (let at = start + 4; at < end - 1; separator = ',') {
      const type = source[at]!;
      sink.writeAscii(separator);
      const valueAt = skipName(source, at + 1);
      if (valueAt - at <= this.smallBytes) this.text.writeCstring(at + 1);
      else yield* this.quoted(at + 1, valueAt - 1);
      sink.writeAscii(':');
      at = skipValue(source, type, valueAt);
      // No generator for each of a million values.
      if (at - valueAt <= this.smallBytes) this.text.writeValue(type, valueAt);
      else yield* this.largeValue(type, valueAt);
      if (sink.length >= this.pieceBytes) yield this.text.detach();
    }
    sink.writeAscii(separator === '{' ? '{}' : '}');
  }

  *largeValue(type: number, at: number): Generator<Uint8Array> {
    const { source } = this.text;
    switch (type) {
      case bson.STRING:
        yield* this.string(at);
        break;
      case bson.DOCUMENT:
        yield* this.document(at, at + readInt32(source, at));
        break;
      case bson.ARRAY:
        yield* this.array(at);
        break;
      case bson.BINARY:
        yield* this.binary(at);
        break;
      case bson.CODE:
        yield* this.wrapped('{"$code":', this.string(at));
        break;
      case bson.SYMBOL:
        yield* this.wrapped('{"$symbol":', this.string(at));
        break;
      case bson.CODE_WITH_SCOPE:
        yield* this.codeWithScope(at);
        break;
      case bson.REGEX:
        yield* this.regularExpression(at);
        break;
      default:
        // Of fixed length; DBPointer, which is deprecated, may be of any.
        this.text.writeValue(type, at);
    }
  }

  private *array(start: number): Generator<Uint8Array> {
    const { source, sink } = this.text;
    const end = start + readInt32(source, start);
    let separator = '[';
    for (let at = start + 4; at < end - 1; separator = ',') {
      const type = source[at]!;
      sink.writeAscii(separator);
      const valueAt = skipName(source, at + 1);
      at = skipValue(source, type, valueAt);
      if (at - valueAt <= this.smallBytes) this.text.writeValue(type, valueAt);
      else yield* this.largeValue(type, valueAt);
      if (sink.length >= this.pieceBytes) yield this.text.detach();
    }
    sink.writeAscii(separator === '[' ? '[]' : ']');
  }

  /** A length-prefixed string. */
  private string(at: number): Generator<Uint8Array> {
    return this.quoted(at + 4, at + 3 + readInt32(this.text.source, at));
  }

  private *quoted(start: number, end: number): Generator<Uint8Array> {
    const { text } = this;
    text.sink.writeAscii('"');
    for (const [from, to] of textSlices(text.source, start, end, this.smallBytes)) {
      text.writeTextBytes(from, to);
      yield* this.full();
    }
    text.sink.writeAscii('"');
  }

  private *binary(at: number): Generator<Uint8Array> {
    const { source, sink } = this.text;
    const end = at + 5 + readInt32(source, at);
    // Three bytes make four characters of base64.
    const step = this.smallBytes - (this.smallBytes % 3);
    sink.writeAscii(binaryOpening);
    for (let from = payloadStart(source, at); from < end; from += step) {
      sink.writeAscii(source.toString('base64', from, Math.min(from + step, end)));
      yield* this.full();
    }
    sink.writeAscii(binaryClosing(source, at));
  }

  private *codeWithScope(at: number): Generator<Uint8Array> {
    const { source, sink } = this.text;
    sink.writeAscii('{"$code":');
    yield* this.string(at + 4);
    const scopeAt = at + 8 + readInt32(source, at + 4);
    sink.writeAscii(',"$scope":');
    yield* this.document(scopeAt, scopeAt + readInt32(source, scopeAt));
    sink.writeAscii('}');
  }

  private *regularExpression(at: number): Generator<Uint8Array> {
    const { source, sink } = this.text;
    const optionsAt = skipName(source, at);
    sink.writeAscii('{"$regularExpression":{"pattern":');
    yield* this.quoted(at, optionsAt - 1);
    sink.writeAscii(',"options":');
    yield* this.quoted(optionsAt, skipName(source, optionsAt) - 1);
    sink.writeAscii('}}');
  }

  private *wrapped(opening: string, value: Generator<Uint8Array>): Generator<Uint8Array> {
    this.text.sink.writeAscii(opening);
    yield* value;
    this.text.sink.writeAscii('}');
  }

  private *full(): Generator<Uint8Array> {
    if (this.text.sink.length >= this.pieceBytes) yield this.text.detach();
  }
}
