import type { RejectionLimit, WriteRejection } from '@keyport/contracts';
import type { ChunkRow } from './chunk.ts';
import { classify, type Rules } from './classify.ts';
import { planBlindly, type Plan, type Refusals, type WriteReply } from './plan.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * Index of the first document behind the rejected row that is one too many; undefined where no more are rejected than
 * the limit allows. `rejected` may hold rows behind it: they change nothing.
 */
export function stopOf(
  { max, refusedBefore }: RejectionLimit,
  rejected: Iterable<Pick<WriteRejection, 'index'>>,
): number | undefined {
  const behindEach = [...refusedBefore, ...Array.from(rejected, ({ index }) => index + 1)];
  return behindEach.sort((one, other) => one - other)[max];
}

/** As `classify`, of the rows up to the rejected one that is one too many. */
export function classifyWithin(
  limit: RejectionLimit | undefined,
  rows: readonly ChunkRow[],
  stored: readonly StoredRow[],
  rules: Rules,
  refused: Refusals,
): Plan {
  const plan = classify(rows, stored, rules, refused);
  const stoppedAt = limit && stopOf(limit, plan.reply.rejected);
  if (stoppedAt === undefined) return plan;
  // What a row does depends on rows before it alone.
  const before = rows.filter(({ index }) => index < stoppedAt);
  const { operations, reply } = classify(before, stored, rules, refusedBefore(stoppedAt, refused));
  return { operations, reply: { ...reply, stoppedAt } };
}

/** As `planBlindly`, of the rows up to the rejected one that is one too many. */
export function planBlindlyWithin(limit: RejectionLimit | undefined, count: number, refused: Refusals): WriteReply {
  const stoppedAt = limit && stopOf(limit, refused.values());
  if (stoppedAt === undefined) return planBlindly(count, refused);
  return { ...planBlindly(stoppedAt, refusedBefore(stoppedAt, refused)), stoppedAt };
}

const refusedBefore = (end: number, refused: Refusals): Refusals =>
  new Map([...refused].filter(([index]) => index < end));
