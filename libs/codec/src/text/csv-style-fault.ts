import type { CsvTextStyle } from './bson-to-csv.ts';

/** What stands in no number, date or boolean, which are written without quotes. */
const delimiters = /^[\t !#$%&'()*,/;<=>?@[\\\]^_`{|}~]$/;

/** What in the style of a table makes no sense, as a caller may be told, with the option to blame in front. */
export function csvStyleFault(
  isTsv: boolean,
  { delimiter = isTsv ? '\t' : ',', nullText }: CsvTextStyle,
): string | undefined {
  if (!delimiters.test(delimiter)) {
    return 'csv.delimiter must be a tab or one ASCII character that stands in no number, date or text without quotes';
  }
  // A cell without quotes cannot hold these.
  if (nullText !== undefined && (nullText === '' || /[\r\n"]/.test(nullText) || nullText.includes(delimiter))) {
    return 'csv.nullText may be neither empty nor hold the delimiter, a quote or a line break';
  }
  return undefined;
}
