import { bsonToNdjson, describeColumns, storedFields, type RowReaderOptions } from '@keyport/codec';
import { describeError, type InferredSchema, type Preview, type WriteMode } from '@keyport/contracts';
import { describable } from '../rejects/reject-details.ts';
import type { Sample } from './sample.ts';

const maxShownRows = 20;
const maxShownRejects = 100;
const maxShownFields = 500;
/** Of the rows that are shown, as text; the first is shown whatever its size is. */
const maxShownBytes = 256 * 1024;
/** Of an ObjectId that was made: the first eight of its bytes, as hex. */
const prefixLength = 16;

interface Asked {
  readonly mode: WriteMode;
  readonly key: readonly string[];
  readonly options: RowReaderOptions;
}

/** What an import would make of a sample. */
export function previewOf(sample: Sample, { mode, key, options }: Asked): Preview {
  const { fault, rejected } = sample;
  const taken = sample.documents.map(({ document }) => document);
  const isCsv = options.format === 'csv' || options.format === 'tsv';
  return {
    sample: extentOf(sample),
    mode,
    key: [...key],
    format: options.format,
    charset: sample.encoding,
    ...(isCsv && { csv: dialectOf(options, sample.header ?? []) }),
    fields: storedFields(taken, maxShownFields),
    rows: shownRows(taken, Buffer.from(options.idPrefix).toString('hex')),
    rejects: rejected.slice(0, maxShownRejects).map(describable),
    ...(fault && { fault: { code: fault.code, detail: describeError(fault.code, fault.params) } }),
  };
}

export const extentOf = ({ rows, rejected, isWhole }: Sample): InferredSchema['sample'] => ({
  rows,
  rejected: rejected.length,
  complete: isWhole,
});

function dialectOf(options: RowReaderOptions, header: readonly string[]): Preview['csv'] {
  const { csv = {}, types = 'string', format } = options;
  return {
    delimiter: csv.delimiter ?? (format === 'tsv' ? '\t' : ','),
    quote: csv.quote ?? '"',
    header: csv.header ?? true,
    types,
    columns: describeColumns(options, csv.columns ?? header),
  };
}

function shownRows(documents: readonly Uint8Array[], prefix: string): Preview['rows'] {
  const rows: Preview['rows'] = [];
  let bytes = 0;
  for (const document of documents.slice(0, maxShownRows)) {
    const text = Buffer.from(bsonToNdjson(document, { ejson: 'canonical' })).toString();
    bytes += text.length;
    if (rows.length > 0 && bytes > maxShownBytes) break;
    const { _id, ...rest } = JSON.parse(text) as Record<string, unknown>;
    rows.push(isMade(_id, prefix) ? rest : { _id, ...rest });
  }
  return rows;
}

const isMade = (id: unknown, prefix: string): boolean =>
  typeof id === 'object' && id !== null && '$oid' in id && String(id.$oid).slice(0, prefixLength) === prefix;
