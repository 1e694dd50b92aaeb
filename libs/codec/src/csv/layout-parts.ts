/** Whose letters a date layout is written with: Go's reference time, Microsoft's (.NET, Excel), Oracle's. */
export type LayoutStyle = 'go' | 'ms' | 'oracle';

export type DateField =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'weekday'
  | 'day'
  | 'hour'
  | 'halfDayHour'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'halfDay'
  | 'offset'
  | 'zone';

/** A piece of a layout: a field with the digits it has at least, or literal text. */
export interface LayoutPart {
  field: DateField | 'text';
  minDigits: number;
  text: string;
}

const go: [string, DateField][] = [
  ['2006', 'year'],
  ['January|Jan(?![a-z])', 'monthName'],
  ['Monday|Mon(?![a-z])', 'weekday'],
  ['MST', 'zone'],
  ['Z07:00|Z0700|Z07|-07:00|-0700|-07', 'offset'],
  ['[.,](?:0+|9+)(?!\\d)', 'fraction'],
  ['01', 'month'],
  ['02|_2', 'day'],
  ['03', 'halfDayHour'],
  ['04', 'minute'],
  ['05', 'second'],
  ['06', 'shortYear'],
  ['15', 'hour'],
  ['PM|pm', 'halfDay'],
  ['1', 'month'],
  ['2', 'day'],
  ['3', 'halfDayHour'],
  ['4', 'minute'],
  ['5', 'second'],
];

const ms: [string, DateField][] = [
  ['yyyy', 'year'],
  ['yy', 'shortYear'],
  ['MMMM|MMM', 'monthName'],
  ['MM|M', 'month'],
  ['dddd|ddd', 'weekday'],
  ['dd|d', 'day'],
  ['HH|H', 'hour'],
  ['hh|h', 'halfDayHour'],
  ['mm|m', 'minute'],
  ['ss|s', 'second'],
  ['[.,](?:f+|F+)', 'fraction'],
  ['tt', 'halfDay'],
  ['zzz|zz|K', 'offset'],
];

const oracle: [string, DateField][] = [
  ['YYYY', 'year'],
  ['YY|RR', 'shortYear'],
  ['MONTH|MON', 'monthName'],
  ['MM', 'month'],
  ['DAY|DY', 'weekday'],
  ['DD', 'day'],
  ['HH24', 'hour'],
  ['HH12|HH', 'halfDayHour'],
  ['MI', 'minute'],
  ['SS', 'second'],
  ['[.,]FF\\d?', 'fraction'],
  ['AM|PM', 'halfDay'],
  ['TZH:TZM|TZH', 'offset'],
];

const styles: Record<LayoutStyle, { fields: [string, DateField][]; flags: string }> = {
  go: { fields: go, flags: 'g' },
  ms: { fields: ms, flags: 'g' },
  oracle: { fields: oracle, flags: 'gi' },
};

/** Fields of two digits whose layout has one digit only may have one or two. */
const loose = new Set(['1', '2', '_2', '3', '4', '5', 'M', 'd', 'H', 'h', 'm', 's']);

/** Splits a layout; text between single (Microsoft) or double quotes (Oracle) is literal. */
export function layoutParts(style: LayoutStyle, layout: string): LayoutPart[] {
  const { fields, flags } = styles[style];
  const quoted = style === 'ms' ? "'([^']*)'" : style === 'oracle' ? '"([^"]*)"' : '(?!)()';
  const pattern = new RegExp([quoted, ...fields.map(([text]) => `(${text})`)].join('|'), flags);
  const parts: LayoutPart[] = [];
  let at = 0;
  const addText = (text: string) => {
    if (text !== '') parts.push({ field: 'text', minDigits: 0, text });
  };
  for (const match of layout.matchAll(pattern)) {
    addText(layout.slice(at, match.index));
    const index = match.findIndex((group, i) => i > 1 && group !== undefined) - 2;
    const found = fields[index];
    if (found) parts.push({ field: found[1], minDigits: loose.has(match[0]) ? 1 : 2, text: match[0] });
    else addText(match[1] ?? '');
    at = match.index + match[0].length;
  }
  addText(layout.slice(at));
  return parts;
}
