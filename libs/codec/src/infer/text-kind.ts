import { isDay } from '../stored-types/iso-date.ts';

/** What a text could be stored as. */
export type TextKind = 'any' | 'date-time' | 'objectid';

/** RFC 3339 §5.6. */
const dateTime =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** Storing a text as a Date cuts what is finer than a millisecond. */
const tooFine = /\.\d{3}\d*[1-9]/;
const objectId = /^[0-9a-f]{24}$/;

export function textKindOf(text: string): TextKind {
  if (text.length === 24 && objectId.test(text)) return 'objectid';
  if (text.length > 40 || !dateTime.test(text) || tooFine.test(text)) return 'any';
  return isDay(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))) ? 'date-time' : 'any';
}
