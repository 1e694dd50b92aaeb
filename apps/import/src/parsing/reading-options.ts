import { fieldTypesOf, rowOptionsFault, type CsvOptions, type RowReaderOptions } from '@keyport/codec';
import {
  KeyportError,
  type createImport,
  type ImportOptions,
  type RequestOf,
  type WriteMode,
} from '@keyport/contracts';

/** How the rows of a file are to be read, as its sender asked for it, and cut into chunks. */
export type ReadingOptions = Pick<RowReaderOptions, 'types' | 'ejson' | 'csv' | 'maxChunkRows'>;

/**
 * Inserted rows meet few stored ones, so that their chunks are bounded by their bytes rather than by their number. Kept with
 * the import: whoever goes on with it must cut its file where the one before did.
 */
export const chunkLimitsOf = (mode: WriteMode, maxChunkRows: number): Pick<ReadingOptions, 'maxChunkRows'> =>
  mode === 'insert' ? { maxChunkRows } : {};

type Asked = Pick<RequestOf<typeof createImport>, 'format' | 'options'>;

/** Options of an import that mean something for CSV and TSV alone. */
const ofCsv = [
  'types',
  'csv.delimiter',
  'csv.quote',
  'csv.header',
  'csv.columns',
  'csv.ignore',
  'csv.nullText',
  'csv.empty',
  'csv.formulas',
] as const satisfies readonly (keyof ImportOptions)[];
const ofJson = ['ejson'] as const satisfies readonly (keyof ImportOptions)[];

/** Throws VALIDATION_FAILED, which names the parameter, where the options do not go with the format or each other. */
export function readingOptionsOf({ format, options }: Asked, schema: Record<string, unknown> | null): ReadingOptions {
  const isCsv = format === 'csv' || format === 'tsv';
  const misplaced = (isCsv ? ofJson : ofCsv).filter((name) => options[name] !== undefined);
  if (misplaced.length > 0) {
    const message = `is an option of ${isCsv ? 'NDJSON and JSON' : 'CSV and TSV'} only`;
    throw refusal(misplaced.map((path) => ({ path, message })));
  }
  const { types, ejson } = options;
  const csv = csvOptionsOf(options);
  const reading: ReadingOptions = {
    ...(types !== undefined && { types }),
    ...(ejson !== undefined && { ejson }),
    ...(Object.keys(csv).length > 0 && { csv }),
  };
  requireFitting(format, reading, schema);
  return reading;
}

/** Throws VALIDATION_FAILED where they contradict each other or the schema. */
export function requireFitting(
  format: Asked['format'],
  reading: ReadingOptions,
  schema: Record<string, unknown> | null,
): void {
  const fault = rowOptionsFault({ format, ...reading, ...(schema && { fieldTypes: fieldTypesOf(schema) }) });
  if (fault !== undefined) throw refusal([{ path: parameterOf(fault), message: fault }]);
}

function csvOptionsOf(options: ImportOptions): CsvOptions {
  const given: Record<keyof CsvOptions, unknown> = {
    delimiter: options['csv.delimiter'],
    quote: options['csv.quote'],
    header: options['csv.header'],
    columns: options['csv.columns'],
    ignore: options['csv.ignore'],
    nullText: options['csv.nullText'],
    emptyAs: options['csv.empty'],
    formulas: options['csv.formulas'],
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The codec begins what it says with the option to blame. */
const parameterOf = (fault: string): string => /^[\w.]+/.exec(fault)?.[0] ?? 'query';

const refusal = (problems: readonly { path: string; message: string }[]) =>
  new KeyportError(
    'VALIDATION_FAILED',
    {},
    { errors: problems.map(({ path, message }) => ({ path, code: 'custom', message })) },
  );
