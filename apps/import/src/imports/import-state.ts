import type { ImportState } from '@keyport/contracts';

/** What can happen to an import as a whole. */
export type ImportEvent =
  'seal' | 'sealPaused' | 'pause' | 'resume' | 'resumeSealed' | 'complete' | 'fail' | 'cancel' | 'expire';

type Row = Partial<Record<ImportEvent, ImportState>>;

/** Every move there is; what is not here does not happen. Processing of rows goes on in `receiving` and `processing`. */
export const transitions: Readonly<Record<ImportState, Row>> = {
  receiving: { seal: 'processing', pause: 'paused', fail: 'failed', cancel: 'cancelled', expire: 'expired' },
  processing: { pause: 'paused', complete: 'completed', fail: 'failed', cancel: 'cancelled' },
  paused: {
    ...{ sealPaused: 'paused', resume: 'receiving', resumeSealed: 'processing' },
    ...{ fail: 'failed', cancel: 'cancelled', expire: 'expired' },
  },
  completed: {},
  failed: {},
  cancelled: {},
  expired: {},
};

export interface Transition {
  /** States in which the event may happen: the condition of the update. */
  readonly from: readonly ImportState[];
  readonly to: ImportState;
}

const states = Object.keys(transitions) as ImportState[];

/** The move that an event makes; each event leads to one state only. */
export function transitionOf(event: ImportEvent): Transition {
  const from = states.filter((state) => transitions[state][event] !== undefined);
  const [to] = from.map((state) => transitions[state][event]);
  if (to === undefined) throw new Error(`no state knows the event ${event}`);
  return { from, to };
}

/** States that nothing leaves. */
export const finalStates: readonly ImportState[] = states.filter(
  (state) => Object.keys(transitions[state]).length === 0,
);

/** States in which bytes may be added to an upload that is not sealed. */
export const openStates: readonly ImportState[] = [...transitionOf('seal').from, ...transitionOf('sealPaused').from];

/** States in which rows are read. */
export const activeStates: readonly ImportState[] = ['receiving', 'processing'];

/** States in which rows may still be counted: what was on its way when an import was paused is. */
export const unfinishedStates: readonly ImportState[] = states.filter((state) => !finalStates.includes(state));
