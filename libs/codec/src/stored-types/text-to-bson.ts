import { BINARY, BOOLEAN, DATE, DECIMAL128, DOUBLE, NULL, OBJECT_ID, STRING } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { writeDecimal128, writeDouble, writeInt64, writeInteger, writeLongInteger } from '../bson/number-bytes.ts';
import { hexDigit } from '../json/json-string.ts';
import { parseIsoDate } from './iso-date.ts';
import * as stored from './stored-type.ts';

/** Instead of a BSON type: the text is not one of the type, or a number that does not fit. */
export const MISMATCH = 0;
export const OUT_OF_RANGE = -1;

/**
 * Writes text as the stored type asked for and returns the BSON type. The text may lie in the sink itself, at or behind
 * `sink.length`: it is read before it is written over.
 */
export function writeTextAs(type: number, bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  switch (type) {
    case stored.AS_INT:
    case stored.AS_LONG:
      return writeIntegerText(bytes, start, end, sink, type === stored.AS_LONG);
    case stored.AS_DOUBLE:
      return writeDoubleText(bytes, start, end, sink);
    case stored.AS_DECIMAL:
      return writeDecimalText(bytes, start, end, sink);
    case stored.AS_BOOLEAN:
      return writeBooleanText(bytes, start, end, sink);
    case stored.AS_DATE:
      return writeDateText(bytes, start, end, sink);
    case stored.AS_OBJECT_ID:
      return writeObjectIdText(bytes, start, end, sink);
    case stored.AS_BINARY:
      return writeBase64Text(bytes, start, end, sink);
    case stored.AS_NULL:
      return bytes.toString('latin1', start, end) === 'null' ? NULL : MISMATCH;
    default:
      return writeStringText(bytes, start, end, sink);
  }
}

function writeIntegerText(bytes: Buffer, start: number, end: number, sink: ByteSink, long: boolean): number {
  const negative = bytes[start] === 0x2d;
  const first = negative || bytes[start] === 0x2b ? start + 1 : start;
  if (first === end) return MISMATCH;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return MISMATCH;
    value = value * 10 + digit;
  }
  if (end - first <= 15) return writeInteger(sink, negative ? 0 - value : value, long);
  return writeLongInteger(sink, (negative ? '-' : '') + bytes.toString('latin1', first, end), long) || OUT_OF_RANGE;
}

const doubleText = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const notFinite = new Set(['NaN', 'Infinity', '-Infinity']);

function writeDoubleText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  if (writePlainDouble(bytes, start, end, sink)) return DOUBLE;
  const text = bytes.toString('latin1', start, end);
  const value = Number(text);
  if (!doubleText.test(text)) {
    if (!notFinite.has(text)) return MISMATCH;
  } else if (!Number.isFinite(value)) return OUT_OF_RANGE;
  writeDouble(sink, value);
  return DOUBLE;
}

/**
 * Digits with or without a fraction, 15 of them at most: an integer below 2^53 over an exact power of ten, rounded once,
 * so correctly (Clinger).
 */
function writePlainDouble(bytes: Buffer, start: number, end: number, sink: ByteSink): boolean {
  const negative = bytes[start] === 0x2d;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
      scale *= 10;
    } else if (bytes[at] === 0x2e && scale === 0 && digits > 0) scale = 1;
    else return false;
  }
  if (digits === 0 || digits > 15) return false;
  const value = scale === 0 ? mantissa : mantissa / scale;
  writeDouble(sink, negative ? -value : value);
  return true;
}

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^NaN$|^-?Infinity$/;

function writeDecimalText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const text = bytes.toString('latin1', start, end);
  if (!decimalText.test(text)) return MISMATCH;
  return writeDecimal128(sink, text) ? DECIMAL128 : OUT_OF_RANGE;
}

export function writeBooleanText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  if (end - start > 5) return MISMATCH;
  const text = bytes.toString('latin1', start, end);
  if (text !== 'true' && text !== 'false') return MISMATCH;
  sink.reserve(1);
  sink.bytes[sink.length++] = text === 'true' ? 1 : 0;
  return BOOLEAN;
}

function writeDateText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const ms = parseIsoDate(bytes, start, end);
  if (Number.isNaN(ms)) return MISMATCH;
  writeInt64(sink, ms);
  return DATE;
}

export function writeObjectIdText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  if (end - start !== 24) return MISMATCH;
  for (let at = start; at < end; at++) if (hexDigit(bytes[at]!) < 0) return MISMATCH;
  sink.reserve(12);
  let to = sink.length;
  for (let at = start; at < end; at += 2) {
    sink.bytes[to++] = hexDigit(bytes[at]!) * 16 + hexDigit(bytes[at + 1]!);
  }
  sink.length = to;
  return OBJECT_ID;
}

const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function writeBase64Text(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const text = bytes.toString('latin1', start, end);
  return writeBinary(sink, text, 0) ? BINARY : MISMATCH;
}

/** A binary value of base64 text; false where that is not base64. */
export function writeBinary(sink: ByteSink, base64: string, subtype: number): boolean {
  if (!base64Text.test(base64)) return false;
  const bytes = Buffer.from(base64, 'base64');
  // Subtype 2 repeats the length inside (bsonspec.org).
  const length = subtype === 2 ? bytes.length + 4 : bytes.length;
  sink.reserve(length + 5);
  sink.view.setInt32(sink.length, length, true);
  sink.bytes[sink.length + 4] = subtype;
  sink.length += 5;
  if (subtype === 2) {
    sink.view.setInt32(sink.length, bytes.length, true);
    sink.length += 4;
  }
  bytes.copy(sink.bytes, sink.length);
  sink.length += bytes.length;
  return true;
}

export function writeStringText(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const length = end - start;
  sink.reserve(length + 5);
  bytes.copy(sink.bytes, sink.length + 4, start, end);
  sink.view.setInt32(sink.length, length + 1, true);
  sink.length += length + 5;
  sink.bytes[sink.length - 1] = 0;
  return STRING;
}
