import type { RowPosition } from '@keyport/codec';
import type { RejectedRow } from '@keyport/contracts';
import type { ImportDocument } from '../imports/import.model.ts';
import type { ReadingOptions } from '../parsing/reading-options.ts';
import { CorrectableLayout } from './correctable-layout.ts';
import { cellOf } from './raw-cells.ts';

/** Rejected rows as lines of a table. */
export interface RejectsLayout {
  readonly mediaType: string;
  /** The line of names; empty where the file has none. */
  readonly header: string;
  line(row: RejectedRow): string;
}

type Described = Pick<ImportDocument, 'format' | 'readingText' | 'position'>;

/** Of CSV and TSV what can be corrected and sent again; of JSON, and where no header was read, what is told of each row. */
export function layoutOf({ format, readingText, position }: Described): RejectsLayout {
  if (format !== 'csv' && format !== 'tsv') return described;
  const { csv = {} } = JSON.parse(readingText ?? '{}') as ReadingOptions;
  const { header } = JSON.parse(position.row ?? '{}') as Partial<RowPosition>;
  const names = header ?? csv.columns;
  return names ? new CorrectableLayout(names, format, csv) : described;
}

const columns = ['row', 'line', 'byteOffset', 'code', 'path', 'message', 'value', 'raw'] as const;
const separators = { delimiter: ',', quote: '"' };

const described: RejectsLayout = {
  mediaType: 'text/csv; charset=utf-8; header=present',
  header: `${columns.join(',')}\n`,
  line: (row) =>
    `${columns.map((name) => (row[name] === undefined ? '' : cellOf(String(row[name]), separators))).join(',')}\n`,
};
