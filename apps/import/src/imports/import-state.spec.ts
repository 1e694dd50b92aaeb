import { importState } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import {
  activeStates,
  finalStates,
  openStates,
  transitionOf,
  transitions,
  unfinishedStates,
  type ImportEvent,
} from './import-state.ts';

const events: ImportEvent[] = [
  ...(['seal', 'sealPaused', 'pause', 'resume', 'resumeSealed'] as const),
  ...(['complete', 'fail', 'cancel', 'expire'] as const),
];

describe('the transition table', () => {
  it('knows every state of the contract', () => {
    expect(Object.keys(transitions).sort()).toEqual([...importState.options].sort());
  });

  it('lets nothing leave completed, failed, cancelled and expired', () => {
    expect([...finalStates].sort()).toEqual(['cancelled', 'completed', 'expired', 'failed']);
  });

  it('completes only what was sealed, so that half a file never counts as whole', () => {
    expect(transitionOf('complete')).toEqual({ from: ['processing'], to: 'completed' });
    expect(transitionOf('seal')).toEqual({ from: ['receiving'], to: 'processing' });
  });

  it('expires only what still waits for bytes', () => {
    expect(transitionOf('expire').from).not.toContain('processing');
  });

  it('pauses what runs, and goes on with nothing else than what is paused', () => {
    expect(transitionOf('pause')).toEqual({ from: activeStates, to: 'paused' });
    expect(transitionOf('resume')).toEqual({ from: ['paused'], to: 'receiving' });
    expect(transitionOf('resumeSealed')).toEqual({ from: ['paused'], to: 'processing' });
  });

  it('does not lose a pause where the upload is sealed meanwhile', () => {
    expect(transitionOf('sealPaused')).toEqual({ from: ['paused'], to: 'paused' });
    expect(openStates).toEqual(['receiving', 'paused']);
  });

  it('never completes what is paused', () => {
    expect(transitions.paused.complete).toBeUndefined();
  });

  it('leads from each event to a single state, wherever it happens', () => {
    const targets = events.map((event) => new Set(Object.values(transitions).flatMap((row) => row[event] ?? [])).size);

    expect(targets).toEqual(events.map(() => 1));
  });

  it('lets every state that is not final be cancelled and fail', () => {
    for (const event of ['cancel', 'fail'] as const) {
      expect(transitionOf(event).from).toEqual(importState.options.filter((state) => !finalStates.includes(state)));
    }
    expect(transitionOf('fail').from).toEqual(expect.arrayContaining([...activeStates]));
    expect(unfinishedStates).toEqual([...activeStates, 'paused']);
  });
});
