import { Decimal128 } from 'bson';
import * as bson from '../bson/bson-types.ts';
import { readInt32 } from '../bson/bson-walk.ts';
import { isCommonDate, writeIsoDate } from './date-text.ts';
import type { JsonText } from './bson-to-json.ts';
import { writeHex } from './json-text.ts';

/** Writes a value as its type wrapper of Extended JSON v2 and returns where the value ends. */
export function writeWrapper(text: JsonText, type: number, at: number): number {
  const { sink, source, view } = text;
  switch (type) {
    case bson.INT32:
      sink.writeAscii(`{"$numberInt":"${view.getInt32(at, true)}"}`);
      return at + 4;
    case bson.INT64:
      sink.writeAscii('{"$numberLong":"');
      text.writeInt64(at);
      sink.writeAscii('"}');
      return at + 8;
    case bson.DOUBLE:
      sink.writeAscii(`{"$numberDouble":"${canonicalDouble(view.getFloat64(at, true))}"}`);
      return at + 8;
    case bson.DECIMAL128:
      sink.writeAscii(`{"$numberDecimal":"${new Decimal128(source.subarray(at, at + 16)).toString()}"}`);
      return at + 16;
    case bson.OBJECT_ID:
      writeObjectId(text, at);
      return at + 12;
    case bson.DATE:
      writeDate(text, at);
      return at + 8;
    case bson.BINARY:
      return writeBinary(text, at);
    case bson.TIMESTAMP:
      sink.writeAscii(`{"$timestamp":{"t":${view.getUint32(at + 4, true)},"i":${view.getUint32(at, true)}}}`);
      return at + 8;
    case bson.REGEX:
      return writeRegularExpression(text, at);
    case bson.CODE:
      return writeWrappedString(text, '$code', at);
    case bson.SYMBOL:
      return writeWrappedString(text, '$symbol', at);
    case bson.CODE_WITH_SCOPE:
      return writeCodeWithScope(text, at);
    case bson.DB_POINTER:
      return writeDbPointer(text, at);
    case bson.MIN_KEY:
      sink.writeAscii('{"$minKey":1}');
      return at;
    case bson.MAX_KEY:
      sink.writeAscii('{"$maxKey":1}');
      return at;
    case bson.UNDEFINED:
      sink.writeAscii('{"$undefined":true}');
      return at;
    default:
      throw new RangeError(`BSON type ${type} at byte ${at} is unknown`);
  }
}

/** First names that make a reader take an object for a wrapper. */
const wrapperNames = new Set(
  [
    ...['$numberInt', '$numberLong', '$numberDouble', '$numberDecimal', '$oid', '$date', '$binary', '$type', '$uuid'],
    ...['$regularExpression', '$timestamp', '$dbPointer', '$code', '$symbol', '$minKey', '$maxKey', '$undefined'],
    '$document',
  ].map((name) => `${name}\0`),
);
const longestWrapperName = Math.max(...[...wrapperNames].map(({ length }) => length));

/**
 * A document whose first name may begin with `$`, in canonical text. Where that would read as a wrapper it is put into
 * Keyport's own: Extended JSON has no form for it.
 */
export function writeDollarDocument(text: JsonText, start: number, end: number): void {
  const nameAt = start + 5;
  const nameEnd = text.source.indexOf(0, nameAt) + 1;
  const looksWrapped =
    end > nameAt &&
    nameEnd - nameAt <= longestWrapperName &&
    wrapperNames.has(text.source.toString('latin1', nameAt, nameEnd));
  if (looksWrapped) text.sink.writeAscii('{"$document":');
  text.writeDocument(start, end);
  if (looksWrapped) text.sink.writeAscii('}');
}

function canonicalDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function writeObjectId({ sink, source }: JsonText, at: number): void {
  sink.writeAscii('{"$oid":"');
  writeHex(sink, source, at, at + 12);
  sink.writeAscii('"}');
}

function writeDate(text: JsonText, at: number): void {
  const { sink, view } = text;
  const ms = view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true);
  if (!text.canonical && isCommonDate(ms)) {
    sink.writeAscii('{"$date":"');
    writeIsoDate(sink, ms);
    sink.writeAscii('"}');
    return;
  }
  sink.writeAscii('{"$date":{"$numberLong":"');
  text.writeInt64(at);
  sink.writeAscii('"}}');
}

function writeBinary({ sink, source }: JsonText, at: number): number {
  const end = at + 5 + readInt32(source, at);
  sink.writeAscii(binaryOpening);
  sink.writeAscii(source.toString('base64', payloadStart(source, at), end));
  sink.writeAscii(binaryClosing(source, at));
  return end;
}

export const binaryOpening = '{"$binary":{"base64":"';

export const binaryClosing = (source: Uint8Array, at: number): string =>
  `","subType":"${source[at + 4]!.toString(16).padStart(2, '0')}"}}`;

/** Subtype 2 repeats the length inside; text leaves that out. */
export const payloadStart = (source: Uint8Array, at: number): number => (source[at + 4] === 2 ? at + 9 : at + 5);

function writeRegularExpression(text: JsonText, at: number): number {
  const { sink } = text;
  sink.writeAscii('{"$regularExpression":{"pattern":');
  const optionsAt = text.writeCstring(at);
  sink.writeAscii(',"options":');
  const end = text.writeCstring(optionsAt);
  sink.writeAscii('}}');
  return end;
}

function writeWrappedString(text: JsonText, name: string, at: number): number {
  text.sink.writeAscii(`{"${name}":`);
  const end = text.writeString(at);
  text.sink.writeAscii('}');
  return end;
}

function writeCodeWithScope(text: JsonText, at: number): number {
  const { sink, source } = text;
  sink.writeAscii('{"$code":');
  const scopeAt = text.writeString(at + 4);
  sink.writeAscii(',"$scope":');
  const end = scopeAt + readInt32(source, scopeAt);
  text.writeDocument(scopeAt, end);
  sink.writeAscii('}');
  return end;
}

function writeDbPointer(text: JsonText, at: number): number {
  const { sink } = text;
  sink.writeAscii('{"$dbPointer":{"$ref":');
  const idAt = text.writeString(at);
  sink.writeAscii(',"$id":');
  writeObjectId(text, idAt);
  sink.writeAscii('}}');
  return idAt + 12;
}
