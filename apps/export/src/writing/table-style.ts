import type { CsvTextStyle } from '@keyport/codec';
import type { CsvExportOptions } from '@keyport/contracts';

const delimiters = { csv: ',', tsv: '\t' } as const;

/** How the codec is to write the rows of a table. */
export function tableStyle(format: 'csv' | 'tsv', options: CsvExportOptions = {}): CsvTextStyle {
  const { delimiter = delimiters[format], nullText, formulas, newline } = options;
  return {
    delimiter,
    ...(nullText !== undefined && { nullText }),
    ...(formulas && { formulas }),
    ...(newline && { newline }),
  };
}
