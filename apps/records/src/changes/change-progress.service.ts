import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { ChangeDeployments } from './change-deployments.ts';
import { ChangeHistories } from './change-histories.repository.ts';
import { streamOf, type ChangeHistory } from './change-history.ts';
import { StreamStates } from './stream-states.repository.ts';
import { isBefore } from './stream-time.ts';

/** More than a killed process's lease, less than the contract's deadline. */
const waitMs = 10_000;
const betweenLooksMs = 20;

/** What is kept of a dataset's changes by now. */
export interface Kept {
  readonly history: ChangeHistory;
  /** Of the last change. */
  readonly seq: number;
  /** All changes before this time are kept. */
  readonly before: Timestamp;
}

type Tracked = Pick<DatasetDefinition, '_id' | 'id' | 'collectionName'>;

/** How far the changes of a dataset have been taken up. */
@Injectable()
export class ChangeProgress {
  constructor(
    private readonly deployments: ChangeDeployments,
    private readonly states: StreamStates,
    private readonly histories: ChangeHistories,
  ) {}

  /**
   * What is kept once all that was acknowledged before this call is. Throws CHANGES_BEHIND where that takes too long,
   * CHANGES_NOT_TRACKED and SOURCE_UNAVAILABLE.
   */
  async untilNow(dataset: Tracked): Promise<Kept> {
    const stream = streamOf(dataset.collectionName);
    const mark = await this.deployments.in(stream, (watched) => watched.mark());
    await this.states.ask(stream, mark);
    const kept = await this.waitFor(dataset, ({ before }) => !isBefore(before, mark.time));
    if (!kept) throw new KeyportError('CHANGES_BEHIND', { dataset: dataset._id });
    return { ...kept, before: mark.time };
  }

  /**
   * What is kept by now, or by a little earlier where that takes too long; undefined where nothing is yet. Throws
   * SOURCE_UNAVAILABLE.
   */
  async soon(dataset: Tracked, withinMs: number): Promise<Kept | undefined> {
    const stream = streamOf(dataset.collectionName);
    const mark = await this.deployments.in(stream, (watched) => watched.mark());
    await this.states.ask(stream, mark);
    let last: Kept | undefined;
    await this.waitFor(dataset, (kept) => !isBefore((last = kept).before, mark.time), withinMs);
    return last;
  }

  /** Throws CURSOR_EXPIRED where changes behind this number are not kept any more, or not all of them. */
  async requireKept(dataset: Tracked, historyId: string, seq: number): Promise<void> {
    const history = await this.histories.of(dataset);
    if (!history) throw new KeyportError('CHANGES_NOT_TRACKED', { dataset: dataset._id });
    if (history.id !== historyId || seq < history.keptAfter)
      throw new KeyportError('CURSOR_EXPIRED', { dataset: dataset._id });
  }

  private async waitFor(
    dataset: Tracked,
    isEnough: (kept: Kept) => boolean,
    withinMs = waitMs,
  ): Promise<Kept | undefined> {
    const stream = streamOf(dataset.collectionName);
    for (const until = Date.now() + withinMs; Date.now() < until; await delay(betweenLooksMs)) {
      // In this order: a history that began later than the state was read has no changes in it.
      const state = await this.states.read(stream);
      const history = await this.histories.of(dataset);
      if (!history) throw new KeyportError('CHANGES_NOT_TRACKED', { dataset: dataset._id });
      if (!state?.position || history.from === null) continue;
      const kept = { history, seq: state.seq, before: state.position };
      if (isEnough(kept)) return kept;
    }
    return undefined;
  }
}
