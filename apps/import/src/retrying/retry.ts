import type { RowPosition } from '@keyport/codec';
import { KeyportError, type Import } from '@keyport/contracts';
import type { Accepted, Unseated } from '../imports/acceptance.service.ts';
import type { RowRange } from '../imports/chunk-outcome.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { finalStates } from '../imports/import-state.ts';
import { requireFitting, type ReadingOptions } from '../parsing/reading-options.ts';
import { positionText } from '../parsing/rows.ts';

/** That the rows of an import are those which another one rejected, as stored with it. */
export interface StoredRetry {
  /** Id of the other. */
  readonly of: string;
  /** Grows with each import that goes on where the one before ended early. Unique, so that nothing is retried twice. */
  readonly generation: number;
  readonly rows: number;
  readonly leftOut: number;
  /** Number of the last of them: what is stored of rejected rows later is none of it. */
  readonly lastRow: number;
  /** Rows before the last that one before it has read. */
  readonly except: readonly RowRange[];
  /** `creator` of the import whose file the rows came in: to retry them gives nobody the right to read them. */
  readonly sender: string;
}

/** Rejected rows whose text is kept whole. */
export interface WholeRows {
  readonly allRows: number;
  /** Those that are selected. */
  readonly rows: number;
  /** UTF-8, without line breaks. */
  readonly bytes: number;
  readonly lastRow: number;
}

/** Which rejected rows are asked, and by which import in turn. */
export interface Selection {
  readonly generation: number;
  readonly after: number;
  readonly except: readonly RowRange[];
}

type Before = Pick<ImportDocument, 'state' | 'counts' | 'position' | 'readBehind' | 'retry'>;

/** What the newest retry, if there is one, leaves to ask: undefined where it has read all of its rows, or still may. */
export function selectionBehind(before: Before | null): Selection | undefined {
  if (!before?.retry) return { generation: 1, after: 0, except: [] };
  const { state, counts, position, readBehind = [], retry } = before;
  if (!finalStates.includes(state) || counts.read >= retry.rows) return undefined;
  const { row: after } = JSON.parse(position.row ?? '{}') as RowPosition;
  const except = [...retry.except, ...readBehind].filter(({ last }) => last > after);
  return { generation: retry.generation + 1, after, except };
}

export interface AskedAgain {
  readonly whole: WholeRows;
  readonly selection: Selection;
}

type Described = Pick<ImportDocument, '_id' | 'format' | 'readingText' | 'position'>;

/** Throws IMPORT_STATE. */
export function requireRetryable({ _id: importId, state, dryRun }: ImportDocument): void {
  if (!finalStates.includes(state)) throw new KeyportError('IMPORT_STATE', { importId, state });
  // Rows that it did not write would be missing where these are compared with what is stored.
  if (dryRun) throw new KeyportError('IMPORT_STATE', { importId, state: 'a dry run' });
}

/** The import that asks rows again, for the dataset as it is now. Throws NOTHING_TO_RETRY and VALIDATION_FAILED. */
export function retryOf(found: ImportDocument, asked: AskedAgain, given: Accepted): Unseated {
  const { whole, selection } = asked;
  const { generation, after, except } = selection;
  const { dataset, importId, ...who } = given;
  const { format, readingText, mode, key, onError, maxErrors, counts } = found;
  const row = beginningOf(found, after);
  if (whole.rows === 0) throw nothing(found._id, counts.rejected);
  requireFitting(format, readingOf(found), dataset.schema);
  return {
    ...{ _id: importId, ...who, dataset: found.dataset, datasetId: dataset.id },
    ...{ format, contentEncoding: 'identity', readingText: readingText ?? null },
    ...{ mode, key, onError, maxErrors, schemaText: dataset.schema && JSON.stringify(dataset.schema) },
    ...{ state: 'processing', sealedLength: whole.bytes, received: whole.bytes },
    position: { chunk: 0, processed: 0, spool: { sequence: 0, offset: 0, epoch: 0 }, row },
    retry: {
      ...{ of: found._id, generation, rows: whole.rows, lastRow: whole.lastRow, except },
      leftOut: counts.rejected - whole.allRows,
      sender: found.retry?.sender ?? found.creator,
    },
  };
}

/** Where reading begins: of CSV behind the header, which is no row. Throws NOTHING_TO_RETRY where nobody knows it. */
function beginningOf(found: Described, row: number): string {
  const beginning: RowPosition = { chunk: 0, offset: 0, row, line: 1 };
  if (found.format !== 'csv' && found.format !== 'tsv') return positionText(beginning);
  const { header } = JSON.parse(found.position.row ?? '{}') as Partial<RowPosition>;
  const names = header ?? readingOf(found).csv?.columns;
  if (!names) throw nothingFor(found._id, 'it ended before the header of its file was kept');
  return positionText({ ...beginning, header: names });
}

const readingOf = ({ readingText }: Pick<Described, 'readingText'>) =>
  JSON.parse(readingText ?? '{}') as ReadingOptions;

const nothing = (importId: string, rejected: number) =>
  nothingFor(
    importId,
    rejected === 0 ? 'none was rejected' : `of none of the ${rejected} rejected the whole text is kept`,
  );

const nothingFor = (importId: string, reason: string) => new KeyportError('NOTHING_TO_RETRY', { importId, reason });

/** What a caller sees of it. */
export const retryView = ({ of, rows, leftOut }: StoredRetry): Import['retry'] => ({ of, rows, leftOut });
