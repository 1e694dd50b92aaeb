const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** JavaScript's and so most drivers' last date (ECMA-262, "Time Values"). */
export const maxDateMs = 8.64e15;

/**
 * Milliseconds since 1970 of an ISO 8601 date (`2024-02-29`, midnight UTC) or date-time with offset
 * (`2024-02-29T12:30:00.5Z`, `+01:00`, a space for the T, years beyond four digits signed); NaN for anything else, a
 * date-time without offset too, since its meaning would hang on the machine. Digits below a millisecond are cut.
 */
export function parseIsoDate(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start] === 0x2b ? 1 : bytes[start] === 0x2d ? -1 : 0;
  let at = start + (sign === 0 ? 0 : 1);
  const yearLength = sign === 0 ? 4 : 6;
  const year = digits(bytes, at, yearLength) * (sign || 1);
  at += yearLength;
  const month = digits(bytes, at + 1, 2);
  const day = digits(bytes, at + 4, 2);
  const valid = bytes[at] === 0x2d && bytes[at + 3] === 0x2d && at + 6 <= end && isDay(year, month, day);
  if (!valid || Number.isNaN(year)) return NaN;
  const dayMs = msSinceEpoch(year, month, day);
  at += 6;
  const ms = at === end ? dayMs : dayMs + parseTime(bytes, at, end);
  return Math.abs(ms) <= maxDateMs ? ms : NaN;
}

/** The same of text, as a Date; undefined for anything else. */
export function isoDateOf(text: string): Date | undefined {
  const bytes = Buffer.from(text);
  const ms = parseIsoDate(bytes, 0, bytes.length);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

/** Whether the month has the day. */
export function isDay(year: number, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth[month - 1]!)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function parseTime(bytes: Uint8Array, start: number, end: number): number {
  const separator = bytes[start]! | 0x20;
  if ((separator !== 0x74 && separator !== 0x20) || end - start < 7) return NaN;
  const hours = digits(bytes, start + 1, 2);
  const minutes = digits(bytes, start + 4, 2);
  let at = start + 6;
  let seconds = 0;
  let fractionMs = 0;
  if (bytes[at] === 0x3a) {
    seconds = digits(bytes, at + 1, 2);
    at += 3;
    if (bytes[at] === 0x2e && at < end) {
      const first = ++at;
      for (let scale = 100; at < end && isDigit(bytes[at]!); at++, scale /= 10) {
        if (scale >= 1) fractionMs += (bytes[at]! - 0x30) * scale;
      }
      if (at === first) return NaN;
    }
  }
  if (!(hours <= 23 && minutes <= 59 && seconds <= 59) || bytes[start + 3] !== 0x3a || at > end) return NaN;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(fractionMs) - parseOffsetMs(bytes, at, end);
}

function parseOffsetMs(bytes: Uint8Array, at: number, end: number): number {
  if ((bytes[at]! | 0x20) === 0x7a && at + 1 === end) return 0;
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : NaN;
  const minutesAt = bytes[at + 3] === 0x3a ? at + 4 : at + 3;
  if (minutesAt + 2 !== end) return NaN;
  const hours = digits(bytes, at + 1, 2);
  const minutes = digits(bytes, minutesAt, 2);
  return hours <= 23 && minutes <= 59 ? sign * (hours * 60 + minutes) * 60_000 : NaN;
}

function digits(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    if (!isDigit(bytes[i]!)) return NaN;
    value = value * 10 + (bytes[i]! - 0x30);
  }
  return value;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function msSinceEpoch(year: number, month: number, day: number): number {
  return daysSinceEpoch(year, month, day) * 86_400_000;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"). */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}
