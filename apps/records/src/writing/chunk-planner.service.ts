import type { WriteRejection } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import type { ChunkRow, Identifying } from './chunk.ts';
import type { Rules } from './classify.ts';
import { hasMadeId } from './made-id.ts';
import { MetKeys } from './met-keys.ts';
import { identifying, readRows, type PendingChunk } from './pending-chunk.ts';
import { noCounts, type Operation, type Plan, type Refusals, type WriteReply } from './plan.ts';
import { classifyWithin } from './rejection-limit.ts';
import { rowCheckOf, type CheckRow } from './record-checks.ts';
import type { StoredRow } from './stored-row.ts';
import { StoredRowsRepository, type StoredRowsQuery } from './stored-rows.repository.ts';
import { WriteGate } from './write-gate.ts';
import { admittedBefore, mergesRows } from './write-limits.ts';
import { createsRecords } from './write-rights.ts';

type Place = Pick<DatasetDefinition, 'collectionName' | 'key'>;

/** What all parts of a chunk are decided by. */
interface Planning {
  readonly session: ClientSession;
  readonly chunk: PendingChunk;
  readonly by: Identifying;
  readonly check: CheckRow | undefined;
  readonly query: Omit<StoredRowsQuery, 'rows'>;
}

/** Decides what a chunk does, by what is stored: a writer's transaction shows it as its own statements left it. */
@Injectable()
export class ChunkPlanner {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly stored: StoredRowsRepository,
  ) {}

  /**
   * Mostly decided as a whole. A chunk that is merged into more bytes than may be held is decided part by part: `run` is
   * given the statements of all parts but the last, whose own are in the plan; the reply counts them all.
   */
  async plan(
    session: ClientSession,
    chunk: PendingChunk,
    place: Place,
    run: (operations: readonly Operation[]) => Promise<void>,
  ): Promise<Plan> {
    const by = identifying(chunk.request, place.key);
    const { rows, rejected } = readRows(chunk, by);
    const { mode, dataset } = chunk.request;
    const schemaText = mode === 'merge' ? await this.datasets.schemaIn(session, dataset) : null;
    const check = schemaText === null ? undefined : rowCheckOf(schemaText);
    const planning: Planning = { session, chunk, by, check, query: queryFor(chunk, place, by) };
    const parts = [rows];
    let counted: WriteReply = { ...noCounts, rejected: [] };
    for (;;) {
      const part = parts.shift() ?? [];
      const end = parts[0]?.[0]?.index ?? Infinity;
      const plan = await this.planPart(planning, part, before(end, [...rejected.values(), ...counted.rejected]));
      if (!plan) {
        parts.unshift(...halvesOf(part));
        continue;
      }
      counted = withCounts(counted, plan.reply);
      // Where it stops behind this part, a row until there may still be rejected.
      const { stoppedAt = Infinity } = plan.reply;
      if (parts.length === 0 || stoppedAt <= end) return { ...plan, reply: counted };
      await run(plan.operations);
    }
  }

  /** Undefined where the rows are to be halved. */
  private async planPart(
    { session, chunk, by, check, query }: Planning,
    rows: readonly ChunkRow[],
    refused: Refusals,
  ): Promise<Plan | undefined> {
    const { request, limits } = chunk;
    const stored = await this.stored.find(session, { ...query, rows });
    if (!stored) return undefined;
    const keepsOrder = by.match !== null && by.key !== null && by.match !== by.key;
    const keyHoldsId = keepsOrder && by.key?.names.some((name) => name === '_id' || name.startsWith('_id.'));
    const metKeys = keyHoldsId || (keepsOrder && by.mayLackKey) ? new MetKeys(rows) : undefined;
    const whole: Identifying = { key: by.key, match: by.match };
    const matching = new Map<string, ReadonlySet<number>>();
    const gate =
      limits &&
      new WriteGate({
        ...limits,
        stored: matching,
        by: whole,
        hasMadeId: (row) => hasMadeId(row, request),
      });
    const keyFields = by.key?.names ?? [];
    const rules: Rules = {
      mode: request.mode,
      by: whole,
      keyFields,
      keepsOrder,
      keyHoldsId: keyHoldsId === true,
      check,
      gate,
      metKeys,
    };
    const learn = async (more: readonly StoredRow[]) => {
      if (!limits) return;
      const { queries } = limits.limits;
      for (const entry of await this.stored.matching(session, query, more, queries)) matching.set(...entry);
    };
    await learn(stored);
    for (;;) {
      const plan = classifyWithin(request.rejectionLimit, rows, stored, rules, refused);
      const met = metKeys?.take() ?? [];
      const hasSettled = !(await limits?.verdicts.settle());
      if (hasSettled && met.length === 0) return plan;
      const known = new Set(stored.map(({ id }) => id));
      const more = (await this.stored.findByKey(session, { ...query, rows: met })).filter(({ id }) => !known.has(id));
      await learn(more);
      stored.push(...more);
    }
  }
}

function queryFor({ request, limits, mustRead, overlay }: PendingChunk, { collectionName }: Place, by: Identifying) {
  const { mode, hasOwnIds } = request;
  const creates = createsRecords(mode);
  const merges = mode === 'merge' || (mode === 'upsert' && limits !== undefined && mergesRows(limits.limits));
  return {
    ...{ collectionName, overlay, ...by, checksIds: creates && (hasOwnIds || mustRead) },
    doing: mode === 'delete' ? mode : merges ? ('merge' as const) : ('replace' as const),
    // What rows skip where it is not there, they skip where their writer may not see it.
    visible: limits && !creates ? admittedBefore(limits.limits) : undefined,
  };
}

const before = (end: number, rejections: readonly WriteRejection[]): Refusals =>
  new Map(rejections.flatMap((one) => (one.index < end ? [[one.index, one] as const] : [])));

const halvesOf = (rows: readonly ChunkRow[]) => [
  rows.slice(0, Math.ceil(rows.length / 2)),
  rows.slice(Math.ceil(rows.length / 2)),
];

/** The rejections of a part's reply are those of all parts until then. */
const withCounts = (sum: WriteReply, part: WriteReply): WriteReply => ({
  ...part,
  inserted: sum.inserted + part.inserted,
  updated: sum.updated + part.updated,
  unchanged: sum.unchanged + part.unchanged,
  deleted: sum.deleted + part.deleted,
  skipped: sum.skipped + part.skipped,
});
