import type { CsvOptions } from '../rows/row-options.ts';

export interface CsvDialect {
  delimiter: number;
  quote: number;
  hasHeader: boolean;
  columns: string[] | undefined;
  nullText: Buffer | undefined;
  emptyAs: 'null' | 'absent' | 'string' | undefined;
}

export function csvDialect(tabs: boolean, options: CsvOptions = {}): CsvDialect {
  const delimiter = asciiByte('delimiter', options.delimiter ?? (tabs ? '\t' : ','));
  const quote = asciiByte('quote', options.quote ?? '"');
  if (delimiter === quote) throw new RangeError('csv.delimiter and csv.quote must differ');
  const hasHeader = options.header ?? true;
  if (!hasHeader && !options.columns)
    throw new RangeError('csv.columns must name the columns where there is no header');
  return {
    delimiter,
    quote,
    hasHeader,
    columns: options.columns,
    nullText: options.nullText === undefined ? undefined : Buffer.from(options.nullText),
    emptyAs: options.emptyAs,
  };
}

function asciiByte(name: string, text: string): number {
  const byte = text.charCodeAt(0);
  if (text.length !== 1 || byte >= 0x80 || byte === 0x0a || byte === 0x0d || byte === 0) {
    throw new RangeError(`csv.${name} must be one ASCII character and no line break`);
  }
  return byte;
}
