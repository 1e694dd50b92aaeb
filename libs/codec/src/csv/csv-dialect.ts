import type { CsvOptions } from '../rows/row-options.ts';
import type { CsvTypes } from './column.ts';

export interface CsvDialect {
  delimiter: number;
  /** -1 for none. */
  quote: number;
  hasHeader: boolean;
  columns: string[] | undefined;
  ignore: ReadonlySet<string>;
  nullText: Buffer | undefined;
  emptyAs: 'null' | 'absent' | 'string' | undefined;
  /** An apostrophe before what looks like a formula is none of the text. */
  unescapesFormulas: boolean;
  types: CsvTypes;
}

const typeSources: readonly CsvTypes[] = ['string', 'lossless', 'header'];
const emptyTreatments = [undefined, 'null', 'absent', 'string'];

/** @throws RangeError for options that make no sense or contradict each other */
export function csvDialect(tabs: boolean, options: CsvOptions = {}, types: CsvTypes = 'string'): CsvDialect {
  const delimiter = asciiByte('delimiter', options.delimiter ?? (tabs ? '\t' : ','));
  const quote = options.quote === '' ? -1 : asciiByte('quote', options.quote ?? '"');
  if (delimiter === quote) throw new RangeError('csv.delimiter and csv.quote must differ');
  const hasHeader = options.header ?? true;
  if (!hasHeader && !options.columns)
    throw new RangeError('csv.columns must name the columns where there is no header');
  if (!typeSources.includes(types)) throw new RangeError(`types must be one of ${typeSources.join(', ')}`);
  if (!emptyTreatments.includes(options.emptyAs)) throw new RangeError('csv.emptyAs must be null, absent or string');
  if (options.formulas !== undefined && options.formulas !== 'unescape')
    throw new RangeError('csv.formulas must be unescape');
  if (options.formulas && options.quote === "'") throw new RangeError("csv.formulas cannot be told from csv.quote '");
  checkNullText(options.nullText, delimiter);
  return {
    delimiter,
    quote,
    hasHeader,
    columns: options.columns,
    ignore: new Set(options.ignore),
    nullText: options.nullText === undefined ? undefined : Buffer.from(options.nullText),
    emptyAs: options.emptyAs,
    unescapesFormulas: options.formulas === 'unescape',
    types,
  };
}

/** No cell without quotes holds these. */
function checkNullText(text: string | undefined, delimiter: number): void {
  if (text !== undefined && (/[\r\n]/.test(text) || text.includes(String.fromCharCode(delimiter)))) {
    throw new RangeError('csv.nullText may hold neither the delimiter nor a line break');
  }
}

function asciiByte(name: string, text: string): number {
  const byte = text.charCodeAt(0);
  if (text.length !== 1 || byte >= 0x80 || byte === 0x0a || byte === 0x0d || byte === 0) {
    throw new RangeError(`csv.${name} must be one ASCII character and no line break`);
  }
  return byte;
}
