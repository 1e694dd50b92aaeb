import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import type { Accepted } from '../imports/acceptance.service.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { requireRetryable, retryOf, selectionBehind, type Selection } from './retry.ts';

const ended = (some: Partial<ImportDocument> = {}) =>
  ({
    ...{
      _id: 'a'.repeat(16),
      dataset: 'orders',
      creator: 'sender',
      state: 'completed',
      format: 'ndjson',
      mode: 'upsert',
    },
    ...{ key: ['id'], onError: 'continue', maxErrors: 7, readingText: null, counts: { read: 9, rejected: 5 } },
    position: { chunk: 1, processed: 90, spool: { sequence: 4, offset: 0, epoch: 1 }, row: '{"row":9,"offset":90}' },
    ...some,
  }) as ImportDocument;

const given: Accepted = {
  ...{ importId: 'b'.repeat(16), creator: 'asker', grant: 'signed', limits: null },
  dataset: { name: 'orders', id: 'made-anew', schema: { type: 'object' }, key: null } as never,
};
const first: Selection = { generation: 1, after: 0, except: [] };
const whole = { allRows: 4, rows: 4, bytes: 40, lastRow: 9 };

const codeOf = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof KeyportError ? error.code : error;
  }
};

describe('a retry', () => {
  it('has the options of the import whose rows it asks, and the dataset of today', () => {
    expect(retryOf(ended(), { whole, selection: first }, given)).toMatchObject({
      ...{ _id: given.importId, creator: 'asker', grant: 'signed', datasetId: 'made-anew' },
      ...{ mode: 'upsert', key: ['id'], maxErrors: 7, contentEncoding: 'identity', schemaText: '{"type":"object"}' },
      ...{ state: 'processing', sealedLength: 40, received: 40 },
      retry: { of: ended()._id, rows: 4, leftOut: 1, lastRow: 9, sender: 'sender' },
    });
  });

  it('of a retry asks rows that are still those of who sent the file', () => {
    const retry = { of: 'x', generation: 1, rows: 3, leftOut: 0, lastRow: 3, except: [], sender: 'the first' };

    expect(retryOf(ended({ retry }), { whole, selection: first }, given).retry?.sender).toBe('the first');
  });

  it('of CSV begins with the header that was read, else with the columns that were named, else not at all', () => {
    const position = (row: string | null) => ({ ...ended().position, row });
    const named = JSON.stringify({ csv: { columns: ['c', 'd'] } });
    const rowOf = (some: Partial<ImportDocument>) =>
      retryOf(ended({ format: 'csv', ...some }), { whole, selection: first }, given).position?.row;

    expect(rowOf({ position: position('{"header":["a","b"],"encoding":"utf-16le"}'), readingText: named })).toBe(
      '{"chunk":0,"offset":0,"row":0,"line":1,"header":["a","b"]}',
    );
    expect(rowOf({ position: position(null), readingText: named })).toContain('["c","d"]');
    expect(codeOf(() => rowOf({ position: position(null) }))).toBe('NOTHING_TO_RETRY');
  });

  it('is refused where no row is kept, and where the schema of today contradicts the options', () => {
    const readingText = JSON.stringify({ types: 'header', csv: { columns: ['n'], header: false } });

    expect(codeOf(() => retryOf(ended(), { whole: { ...whole, rows: 0 }, selection: first }, given))).toBe(
      'NOTHING_TO_RETRY',
    );
    expect(codeOf(() => retryOf(ended({ format: 'csv', readingText }), { whole, selection: first }, given))).toBe(
      'VALIDATION_FAILED',
    );
  });

  it('waits for the end of the import, and is not of a dry run', () => {
    expect(codeOf(() => requireRetryable(ended()))).toBeUndefined();
    for (const state of ['receiving', 'processing', 'paused'] as const) {
      expect(codeOf(() => requireRetryable(ended({ state })))).toBe('IMPORT_STATE');
    }
    expect(codeOf(() => requireRetryable(ended({ dryRun: true })))).toBe('IMPORT_STATE');
  });
});

describe('what a retry leaves to ask', () => {
  const retry = { of: 'x', generation: 2, rows: 100, leftOut: 0, lastRow: 900, except: [], sender: 'sender' };
  const at = (row: number) => ({ ...ended().position, row: JSON.stringify({ row }) });

  it('is everything where there is none, and nothing while one runs or once it has read all', () => {
    expect(selectionBehind(null)).toEqual(first);
    expect(selectionBehind(ended({ retry, state: 'paused', counts: { read: 5 } as never }))).toBeUndefined();
    expect(selectionBehind(ended({ retry, state: 'failed', counts: { read: 100 } as never }))).toBeUndefined();
  });

  it('is what lies behind its position, but for what it read behind that', () => {
    const before = ended({
      ...{ state: 'cancelled', counts: { read: 60 } as never, position: at(400) },
      retry: {
        ...retry,
        except: [
          { first: 300, last: 350 },
          { first: 500, last: 510 },
        ],
      },
      readBehind: [{ first: 600, last: 700 }],
    });

    expect(selectionBehind(before)).toEqual({
      ...{ generation: 3, after: 400 },
      except: [
        { first: 500, last: 510 },
        { first: 600, last: 700 },
      ],
    });
  });
});
