import { isDay, maxDateMs, msSinceEpoch } from '../stored-types/iso-date.ts';
import type { DateField, LayoutPart } from './layout-parts.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const patterns: Partial<Record<DateField, string>> = {
  year: '(\\d{4})',
  shortYear: '(\\d\\d)',
  monthName:
    '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)',
  weekday: '((?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)',
  fraction: '[.,](\\d+)',
  halfDay: '(am|pm)',
  offset: '(z|[+-]\\d\\d(?::?\\d\\d)?)',
  zone: '(utc|gmt|z)',
};

/** A date layout, ready to read texts. English names in any case; no offset means UTC. */
export class DateLayout {
  private readonly pattern: RegExp;
  private readonly fields: readonly DateField[];

  constructor(parts: readonly LayoutPart[]) {
    this.fields = parts.flatMap(({ field }, index) => {
      if (field === 'text') return [];
      return hasOwnFraction(parts, index) ? ['second', 'fraction'] : [field];
    });
    this.pattern = new RegExp(`^${parts.map((part, index) => patternOf(part, parts, index)).join('')}$`, 'i');
  }

  /** Milliseconds since 1970; NaN where the text is no date in this layout. */
  parse(text: string): number {
    const groups = this.pattern.exec(text);
    if (!groups) return NaN;
    const found = new Map<DateField, string>();
    for (const [index, field] of this.fields.entries()) {
      const group = groups[index + 1];
      if (group !== undefined) found.set(field, group.toLowerCase());
    }
    return msOf(found);
  }
}

/** Seconds may have a fraction that the layout does not show (Go, "time.Parse"). */
const hasOwnFraction = (parts: readonly LayoutPart[], index: number): boolean =>
  parts[index]?.field === 'second' && parts[index + 1]?.field !== 'fraction';

function patternOf(part: LayoutPart, parts: readonly LayoutPart[], index: number): string {
  if (part.field === 'text') return part.text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const known = patterns[part.field];
  if (known !== undefined) return known;
  const digits = part.minDigits === 1 ? ' ?(\\d{1,2})' : '(\\d\\d)';
  return hasOwnFraction(parts, index) ? `${digits}(?:[.,](\\d+))?` : digits;
}

function msOf(found: ReadonlyMap<DateField, string>): number {
  const number = (field: DateField, otherwise: number) => Number(found.get(field) ?? otherwise);
  const shortYear = number('shortYear', 0);
  const year = found.has('year') ? number('year', 0) : shortYear + (shortYear >= 69 ? 1900 : 2000);
  const monthName = found.get('monthName');
  const month = monthName === undefined ? number('month', 1) : months.indexOf(monthName.slice(0, 3)) + 1;
  const day = number('day', 1);
  const hours = hoursOf(found);
  const minutes = number('minute', 0);
  const seconds = number('second', 0);
  const offsetMinutes = offsetOf(found.get('offset'));
  if (!isDay(year, month, day) || !(hours <= 23 && minutes <= 59 && seconds <= 59)) return NaN;
  const fractionMs = Number((found.get('fraction') ?? '').slice(0, 3).padEnd(3, '0'));
  const ms =
    msSinceEpoch(year, month, day) + ((hours * 60 + minutes - offsetMinutes) * 60 + seconds) * 1000 + fractionMs;
  return Math.abs(ms) <= maxDateMs ? ms : NaN;
}

/** NaN where a half day's hour is not one of 1 to 12, or lacks its half. */
function hoursOf(found: ReadonlyMap<DateField, string>): number {
  const half = found.get('halfDayHour');
  if (half === undefined) return Number(found.get('hour') ?? 0);
  const hour = Number(half);
  const mark = found.get('halfDay');
  if (mark === undefined) return hour;
  return hour >= 1 && hour <= 12 ? (hour % 12) + (mark === 'pm' ? 12 : 0) : NaN;
}

function offsetOf(text = 'z'): number {
  if (text === 'z') return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(':', '') || '0')];
  return hours <= 23 && minutes <= 59 ? (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) : NaN;
}
