import * as bson from '../bson/bson-types.ts';
import * as stored from '../stored-types/stored-type.ts';
import { writeBinary, writeTextAs } from '../stored-types/text-to-bson.ts';
import { readText } from './json-string.ts';
import type { JsonToBson } from './json-to-bson.ts';
import type { Field } from './key-shapes.ts';
import { readScalarMembers } from './scalar-members.ts';

const quote = 0x22;

const numberTypes = new Map([
  ['$numberInt', stored.AS_INT],
  ['$numberLong', stored.AS_LONG],
  ['$numberDouble', stored.AS_DOUBLE],
  ['$numberDecimal', stored.AS_DECIMAL],
]);

/** Which BSON type each stored type takes from a wrapper. Numbers are converted, see `readWrappedNumber`. */
const wrappedAs = new Map([
  [stored.AS_DATE, bson.DATE],
  [stored.AS_OBJECT_ID, bson.OBJECT_ID],
  [stored.AS_BINARY, bson.BINARY],
]);

/**
 * A type wrapper of MongoDB Extended JSON v2 (github.com/mongodb/specifications, extended-json). The cursor stands on the
 * quote of the first name, which begins with `$`; `start` is the opening brace.
 */
export function readWrapper(json: JsonToBson, field: Field, depth: number, start: number): number {
  const { cursor } = json;
  const nameAt = cursor.at + 1;
  const nameEnd = cursor.src.indexOf(quote, nameAt);
  const name = cursor.src.toString('latin1', nameAt, Math.min(nameEnd < 0 ? cursor.end : nameEnd, nameAt + 24));
  if (name === '$ref') return readPlain(json, field, depth, start);
  const read = readers.get(name) ?? (numberTypes.has(name) ? readWrappedNumber : undefined);
  if (!read) {
    if (json.exact) return readPlain(json, field, depth, start);
    return refuseName(json, cursor.text(nameAt, Math.min(nameEnd < 0 ? cursor.end : nameEnd, cursor.end)));
  }
  // Names of several members in any order are read with their values; the others stand alone.
  if (!severalMembers.has(name)) {
    cursor.at = nameEnd + 1;
    cursor.expect(0x3a);
    cursor.skipSpace();
  }
  const type = read(json, field, depth, name, start);
  if (!severalMembers.has(name)) endWrapper(json, name);
  if (field.type !== stored.ANY && !numberTypes.has(name) && wrappedAs.get(field.type) !== type) {
    json.mismatch(`A ${name}`, field.type, start);
  }
  return type;
}

/** A document, whose first name begins with `$`. */
function readPlain(json: JsonToBson, field: Field, depth: number, start: number): number {
  if (field.type !== stored.ANY) json.mismatch('An object', field.type, start);
  return json.readFields(field.shape, depth, 0, true);
}

function refuseName(json: JsonToBson, name: string): never {
  const message = 'A field name may not begin with $ outside an Extended JSON wrapper.';
  return json.cursor.fail('INVALID_FIELD_NAME', message, name);
}

type WrapperReader = (json: JsonToBson, field: Field, depth: number, name: string, start: number) => number;

const severalMembers = new Set(['$code', '$binary', '$type']);

const readers = new Map<string, WrapperReader>([
  ['$oid', (json) => readStringAs(json, stored.AS_OBJECT_ID, '$oid')],
  ['$date', readDate],
  ['$binary', readBinary],
  ['$type', readBinary],
  ['$uuid', readUuid],
  ['$regularExpression', readRegularExpression],
  ['$timestamp', readTimestamp],
  ['$dbPointer', readDbPointer],
  ['$code', readCode],
  ['$symbol', (json) => (expectString(json, '$symbol'), json.readStringValue(), bson.SYMBOL)],
  ['$minKey', (json) => readOne(json, '$minKey', bson.MIN_KEY)],
  ['$maxKey', (json) => readOne(json, '$maxKey', bson.MAX_KEY)],
  ['$undefined', readUndefined],
  ['$document', readDocument],
]);

export function wrapperFault(json: JsonToBson, name: string, expected: string): never {
  return json.cursor.fail('INVALID_EXTENDED_JSON', `${name} needs ${expected}.`);
}

/** Keyport's own: a document that begins as a wrapper would, and is none. */
function readDocument(json: JsonToBson, field: Field, depth: number): number {
  if (!json.exact) refuseName(json, '$document');
  if (json.cursor.skipSpace() !== 0x7b) wrapperFault(json, '$document', 'an object');
  json.cursor.at++;
  return json.readFields(field.shape, depth, 0, true);
}

function endWrapper(json: JsonToBson, name: string): void {
  const byte = json.cursor.skipSpace();
  if (byte === 0x2c) wrapperFault(json, name, 'to be the only field of its object');
  json.cursor.expect(0x7d);
}

/** Takes the opening quote. */
function expectString(json: JsonToBson, name: string): void {
  if (json.cursor.skipSpace() !== quote) wrapperFault(json, name, 'a string');
  json.cursor.at++;
}

function readStringAs(json: JsonToBson, type: number, name: string): number {
  const { sink } = json;
  expectString(json, name);
  const at = sink.length;
  json.readStringValue();
  const end = sink.length - 1;
  sink.length = at;
  const written = writeTextAs(type, sink.bytes, at + 4, end, sink);
  if (written <= 0) {
    wrapperFault(
      json,
      name,
      `a ${stored.storedTypeName(type)}, not ${JSON.stringify(sink.bytes.toString('utf8', at + 4, Math.min(end, at + 64)))}`,
    );
  }
  return written;
}

function readWrappedNumber(json: JsonToBson, field: Field, _depth: number, name: string): number {
  const asked = field.type;
  const converted = asked >= stored.AS_INT && asked <= stored.AS_DECIMAL;
  if (asked !== stored.ANY && !converted) json.mismatch(`A ${name}`, asked, json.cursor.at);
  const written = readStringAs(json, converted ? asked : numberTypes.get(name)!, name);
  if (!converted && name === '$numberInt' && written !== bson.INT32) wrapperFault(json, name, 'a 32-bit integer');
  return written;
}

function readDate(json: JsonToBson): number {
  const { cursor, sink } = json;
  const byte = cursor.skipSpace();
  if (byte === quote) return readStringAs(json, stored.AS_DATE, '$date');
  if (byte === 0x7b) {
    const members = readScalarMembers(json, '$date', ['$numberLong']);
    const text = Buffer.from(String(members.get('$numberLong')));
    if (writeTextAs(stored.AS_LONG, text, 0, text.length, sink) <= 0) wrapperFault(json, '$date', 'a 64-bit integer');
    return bson.DATE;
  }
  return wrapperFault(json, '$date', 'an ISO 8601 text or a $numberLong');
}

/** `{"$binary": {"base64": …, "subType": …}}`, and the older `{"$binary": …, "$type": …}`. */
function readBinary(json: JsonToBson, _field: Field, _depth: number, name: string, start: number): number {
  const { cursor, sink } = json;
  let older = name === '$type';
  if (!older) {
    readMemberName(json);
    older = cursor.skipSpace() !== 0x7b;
  }
  if (older) cursor.at = start;
  const members = readScalarMembers(json, '$binary', older ? ['$binary', '$type'] : ['base64', 'subType']);
  if (!older) endWrapper(json, '$binary');
  const base64 = members.get(older ? '$binary' : 'base64');
  const subtype = members.get(older ? '$type' : 'subType');
  const valid = typeof base64 === 'string' && typeof subtype === 'string' && /^[0-9a-fA-F]{1,2}$/.test(subtype);
  if (!valid || !writeBinary(sink, base64, parseInt(subtype, 16))) {
    wrapperFault(json, '$binary', 'base64 text and a subtype of two hexadecimal digits');
  }
  return bson.BINARY;
}

const uuidText = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;

function readUuid(json: JsonToBson): number {
  expectString(json, '$uuid');
  const text = readText(json.cursor, json.sink);
  if (!uuidText.test(text)) wrapperFault(json, '$uuid', 'a UUID');
  writeBinary(json.sink, Buffer.from(text.replaceAll('-', ''), 'hex').toString('base64'), 4);
  return bson.BINARY;
}

function readRegularExpression(json: JsonToBson): number {
  const members = readScalarMembers(json, '$regularExpression', ['pattern', 'options']);
  const pattern = members.get('pattern');
  const options = members.get('options');
  if (typeof pattern !== 'string' || typeof options !== 'string' || `${pattern}${options}`.includes('\0')) {
    return wrapperFault(json, '$regularExpression', 'a pattern and options, both without NUL');
  }
  // BSON keeps the options in alphabetical order; who wrote them otherwise gets them back so.
  const ordered = json.exact ? options : [...options].sort().join('');
  const bytes = Buffer.from(`${pattern}\0${ordered}\0`);
  json.sink.reserve(bytes.length);
  bytes.copy(json.sink.bytes, json.sink.length);
  json.sink.length += bytes.length;
  return bson.REGEX;
}

function readTimestamp(json: JsonToBson): number {
  const members = readScalarMembers(json, '$timestamp', ['t', 'i']);
  const seconds = members.get('t');
  const increment = members.get('i');
  if (!isUint32(seconds) || !isUint32(increment)) return wrapperFault(json, '$timestamp', 't and i below 2^32');
  json.sink.reserve(8);
  json.sink.view.setUint32(json.sink.length, increment, true);
  json.sink.view.setUint32(json.sink.length + 4, seconds, true);
  json.sink.length += 8;
  return bson.TIMESTAMP;
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function readDbPointer(json: JsonToBson, _field: Field, depth: number): number {
  const { cursor } = json;
  cursor.expect(0x7b);
  if (cursor.skipSpace() !== quote || readMemberName(json) !== '$ref') wrapperFault(json, '$dbPointer', '$ref and $id');
  expectString(json, '$ref');
  json.readStringValue();
  cursor.expect(0x2c);
  if (cursor.skipSpace() !== quote || readMemberName(json) !== '$id') wrapperFault(json, '$dbPointer', '$ref and $id');
  const typeOfId = json.readValue(json.untyped, depth + 1);
  if (typeOfId !== bson.OBJECT_ID) wrapperFault(json, '$dbPointer', 'an ObjectId as $id');
  cursor.expect(0x7d);
  return bson.DB_POINTER;
}

/** A member's name with its colon. */
function readMemberName(json: JsonToBson): string {
  json.cursor.at++;
  const name = readText(json.cursor, json.sink);
  json.cursor.expect(0x3a);
  return name;
}

/** Code alone is a string; with a scope the whole has a length, the code and a document. */
function readCode(json: JsonToBson, _field: Field, depth: number): number {
  const { cursor, sink } = json;
  readMemberName(json);
  expectString(json, '$code');
  sink.reserve(4);
  const sizeAt = sink.length;
  sink.length += 4;
  json.readStringValue();
  if (cursor.skipSpace() === 0x7d) {
    cursor.at++;
    sink.bytes.copyWithin(sizeAt, sizeAt + 4, sink.length);
    sink.length -= 4;
    return bson.CODE;
  }
  cursor.expect(0x2c);
  if (cursor.skipSpace() !== quote || readMemberName(json) !== '$scope')
    wrapperFault(json, '$code', '$scope and nothing else beside it');
  if (cursor.skipSpace() !== 0x7b) wrapperFault(json, '$scope', 'an object');
  cursor.at++;
  // Variables: no name makes a wrapper of them.
  json.readFields(json.untyped.shape, depth + 1, 0, true);
  cursor.expect(0x7d);
  sink.view.setInt32(sizeAt, sink.length - sizeAt, true);
  return bson.CODE_WITH_SCOPE;
}

function readOne(json: JsonToBson, name: string, type: number): number {
  const { cursor } = json;
  if (cursor.skipSpace() !== 0x31) wrapperFault(json, name, 'the value 1');
  cursor.at++;
  return type;
}

function readUndefined(json: JsonToBson): number {
  const { cursor } = json;
  cursor.skipSpace();
  if (cursor.src.toString('latin1', cursor.at, cursor.at + 4) !== 'true')
    wrapperFault(json, '$undefined', 'the value true');
  cursor.at += 4;
  return bson.UNDEFINED;
}
