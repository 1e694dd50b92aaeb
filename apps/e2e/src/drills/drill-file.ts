import type { WriteMode } from '@keyport/contracts';
import type { DrillLine, DrillRow } from './dataset-model.ts';

/** One line in so many is no row, or has no key. */
const faultyEvery = 120;
/** Insert repeats the key of a row before once in so many. */
const repeatedEvery = 50;
/** Keys of the other modes go beyond what was inserted, so that rows meet no record too. */
const beyond = 1.03;
/** Deleting takes longest; in the end most of the records are left. */
const farBeyond = 3;

/** A file of so many lines for a mode, with bad rows and repeated keys, near and far. */
export function drillLines(mode: WriteMode, count: number, random: () => number): DrillLine[] {
  const below = (end: number) => Math.floor(random() * end);
  return Array.from({ length: count }, (_, index): DrillLine => {
    const value = below(4) === 0 ? 1 + below(2) : 0;
    if (below(faultyEvery) === 0) return value === 1 ? '{"k":' : { v: value };
    return rowOf[mode]({ index, count, value, below });
  });
}

interface Line {
  readonly index: number;
  readonly count: number;
  /** The same for most rows, so that they change nothing: a kill is to cost the time, and not the writing. */
  readonly value: number;
  readonly below: (end: number) => number;
}

const known = ({ count, below }: Line, times = beyond) => below(count * times);
const whole = (k: number, v: number): DrillRow => ({ k, v, text: `row ${k}` });

const rowOf: Readonly<Record<WriteMode, (line: Line) => DrillRow>> = {
  insert: ({ index, value, below }) => whole(below(repeatedEvery) === 0 ? below(index + 1) : index, value),
  upsert: (line) => whole(known(line), line.value),
  replace: (line) => whole(known(line), line.value),
  merge: (line) => ({ k: known(line), [line.below(8) === 0 ? 'extra' : 'v']: line.value }),
  delete: (line) => ({ k: known(line, farBeyond) }),
};

export const ndjsonOf = (lines: readonly DrillLine[]): Buffer =>
  Buffer.from(`${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`);
