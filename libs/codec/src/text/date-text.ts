import type { ByteSink } from '../bson/byte-sink.ts';

const dayMs = 86_400_000;
/** Beyond this a Date cannot hold the moment. */
const maxDateMs = 8.64e15;

/** Years 1970 to 9999: those that relaxed Extended JSON writes as text. */
export function isCommonDate(ms: number): boolean {
  return ms >= 0 && ms < 253_402_300_800_000;
}

/** ISO 8601 in UTC, milliseconds only where there are any; false where no calendar reaches. */
export function writeIsoDate(sink: ByteSink, ms: number): boolean {
  if (!isCommonDate(ms)) {
    if (Math.abs(ms) > maxDateMs) return false;
    sink.writeAscii(new Date(ms).toISOString().replace('.000Z', 'Z'));
    return true;
  }
  sink.reserve(24);
  const days = Math.floor(ms / dayMs);
  writeCivilDate(sink, days);
  const inDay = ms - days * dayMs;
  const seconds = Math.floor(inDay / 1000);
  const rest = inDay - seconds * 1000;
  sink.bytes[sink.length++] = 0x54;
  writeTwo(sink, Math.floor(seconds / 3600));
  sink.bytes[sink.length++] = 0x3a;
  writeTwo(sink, Math.floor(seconds / 60) % 60);
  sink.bytes[sink.length++] = 0x3a;
  writeTwo(sink, seconds % 60);
  if (rest > 0) {
    sink.bytes[sink.length++] = 0x2e;
    sink.bytes[sink.length++] = 0x30 + Math.floor(rest / 100);
    writeTwo(sink, rest % 100);
  }
  sink.bytes[sink.length++] = 0x5a;
  return true;
}

/** `civil_from_days` of H. Hinnant, "chrono-compatible low-level date algorithms", for days since 1970. */
function writeCivilDate(sink: ByteSink, days: number): void {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  writeTwo(sink, Math.floor(year / 100));
  writeTwo(sink, year % 100);
  sink.bytes[sink.length++] = 0x2d;
  writeTwo(sink, month);
  sink.bytes[sink.length++] = 0x2d;
  writeTwo(sink, day);
}

function writeTwo(sink: ByteSink, value: number): void {
  const tens = Math.floor(value / 10);
  sink.bytes[sink.length++] = 0x30 + tens;
  sink.bytes[sink.length++] = 0x30 + (value - tens * 10);
}
