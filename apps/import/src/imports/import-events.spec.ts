import { describe, expect, it } from '@jest/globals';
import { importCompleted, importFailed, importUndone } from '@keyport/contracts';
import { untoldEvent } from '@keyport/outbox';
import { eventOf, presentEvent } from './import-events.ts';
import type { ImportDocument } from './import.model.ts';
import { finalStates, transitions } from './import-state.ts';
import { noCounts } from './imports.repository.ts';

const finishedAt = new Date('2026-11-30T10:00:00Z');
const document = {
  ...{ _id: '0123456789abcdef', dataset: 'orders', datasetId: '0123456789abcdef01234567', mode: 'insert' },
  ...{ counts: { ...noCounts, read: 2, inserted: 2 }, startedAt: null, finishedAt, error: null, grant: 'signed' },
} as unknown as ImportDocument;

describe('What is told of an import', () => {
  it('is each move that ends it, and no other', () => {
    const moves = Object.values(transitions).flatMap((row) => Object.entries(row));
    const told = moves.filter(([event]) => eventOf(event as never));

    expect(new Set(told.map(([, state]) => state))).toEqual(new Set(finalStates));
    expect(told.every(([, state]) => finalStates.includes(state))).toBe(true);
  });

  it('is what its contract says, without grant and without what an error says of the file', () => {
    const failed = { ...document, error: { code: 'QUOTA_EXCEEDED', params: { file: 'secret.csv' } } } as ImportDocument;

    const completion = presentEvent(document, untoldEvent(importCompleted));
    const failure = presentEvent(failed, untoldEvent(importFailed));

    expect(importCompleted.data.parse(completion?.data)).toMatchObject({ counts: { inserted: 2 } });
    expect(importFailed.data.parse(failure?.data)).toMatchObject({ error: { code: 'QUOTA_EXCEEDED' } });
    expect(JSON.stringify([completion, failure])).not.toMatch(/signed|secret/);
  });

  it('is what an undo came to', () => {
    const undo = { state: 'completed', removed: 1, left: 1, gone: 0, finishedAt };

    const told = presentEvent({ ...document, undo } as ImportDocument, untoldEvent(importUndone));

    expect(importUndone.data.parse(told?.data)).toMatchObject({ removed: 1, left: 1, gone: 0 });
  });

  it('is nothing where it was a dry run', () => {
    expect(presentEvent({ ...document, dryRun: true }, untoldEvent(importCompleted))).toBeUndefined();
  });
});
