import { inTransaction, isDuplicateKey } from '@keyport/mongo';
import type { Timestamp } from 'bson';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { marksName, type Mark, type WatchedDatabase } from './change-deployments.ts';
import type { ChangeHistories, TrackedDataset } from './change-histories.repository.ts';
import { placeNameOf, streamOf } from './change-history.ts';
import { insertsOf, keptOf, mayInsert, upsertsOf, type HistoryChange } from './kept-changes.ts';
import {
  changePipeline,
  isHistoryLost,
  stepsOf,
  type Break,
  type RecordChange,
  type StreamEvent,
} from './stream-events.ts';
import type { ChangeStreamState } from './change-stream.model.ts';
import type { HeldStream, Reached, StreamStates } from './stream-states.repository.ts';
import { isBefore, justAfter, later, timeOfToken } from './stream-time.ts';

/** Changes of one transaction: each is a small document. */
const maxBatch = 1_000;
/** A batch is closed so soon after its first change, so that few changes do not wait for many. */
const batchMs = 50;
/** How long the server waits for a change before it tells how far it has looked: the longest a reader waits for that. */
const awaitMs = 100;
/** How often it is looked whether other datasets are tracked now. */
const lookMs = 500;

export interface TailSurroundings {
  /** The service's own, where changes are kept. */
  readonly connection: Connection;
  readonly states: StreamStates;
  readonly histories: ChangeHistories;
  readonly leaseMs: number;
}

/**
 * Follows what changes in one database, and keeps it. Changes are stored in one transaction with how far the stream was
 * followed, and only by who holds it: killed at any moment, it goes on from there, and stores a change twice at most,
 * which changes nothing.
 */
export class ChangeTail {
  private reached: Reached | undefined;
  private heldAt = 0;
  private tracked: readonly TrackedDataset[] = [];

  constructor(
    private readonly held: HeldStream,
    private readonly watched: WatchedDatabase,
    private readonly surroundings: TailSurroundings,
  ) {}

  /** Until told to stop, or no dataset is tracked any more. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.look())) {
      const position = await this.start();
      const stream = this.watched.db.watch(changePipeline([...this.collections(), marksName]), {
        ...{ startAtOperationTime: position, batchSize: maxBatch, maxAwaitTimeMS: awaitMs },
        // `_id`s keep their types.
        promoteValues: false,
      });
      try {
        await this.follow(stream, signal);
      } catch (error) {
        if (!isHistoryLost(error)) throw error;
        await this.loseHistory();
      } finally {
        await stream.close();
      }
    }
  }

  private collections(): string[] {
    return [...new Set(this.tracked.map(({ collectionName }) => placeNameOf(collectionName)))].sort();
  }

  /** False where there is nothing to follow. */
  private async look(): Promise<boolean> {
    const all = await this.surroundings.histories.all();
    this.tracked = all.filter(({ collectionName }) => streamOf(collectionName) === this.held.name);
    return this.tracked.length > 0;
  }

  /** Where the stream begins; the histories that wait for it begin there too. */
  private async start(): Promise<Timestamp> {
    const state = await this.surroundings.states.own(this.held);
    const mark = await this.watched.mark();
    const begun = this.tracked.some(({ history }) => history.from !== null);
    this.reached = { position: state.position && begun ? state.position : mark.time, seq: state.seq };
    if (isElsewhere(state, mark)) {
      // What lies between is not known there.
      await this.loseHistory();
      await this.surroundings.states.moveTo(this.held, mark);
    }
    const waiting = this.tracked.filter(({ history }) => history.from === null);
    const { position: from } = this.state;
    await this.hold(this.state, async (session) => {
      for (const dataset of waiting) await this.surroundings.histories.begin(dataset, from, session);
    });
    await this.look();
    return from;
  }

  private async follow(stream: mongo.ChangeStream, signal: AbortSignal): Promise<void> {
    const followed = this.collections().join();
    let lookAt = performance.now() + lookMs;
    let coming = nextBatch(stream);
    while (!signal.aborted) {
      const { events, reached } = await coming;
      // Read while the ones before are stored; where following ends, whoever closes the stream ends this too.
      coming = nextBatch(stream);
      coming.catch(() => undefined);
      for (const step of stepsOf(events)) {
        if ('changes' in step) await this.store(step.changes);
        else await this.breakOff(step.break);
        if ('break' in step && step.break.endsStream) return;
      }
      await this.advance(reached);
      if (performance.now() < lookAt) continue;
      lookAt = performance.now() + lookMs;
      const isSame = (await this.look()) && this.collections().join() === followed;
      if (!isSame || this.tracked.some(({ history }) => history.from === null)) return;
    }
  }

  /** The position is the time of the last change: others of that time may follow. */
  private async store(changes: readonly RecordChange[]): Promise<void> {
    const kept = keptOf(changes, this.tracked, this.state.seq);
    const last = changes.at(-1)?.at ?? this.state.position;
    const reached = { position: later(this.state.position, last), seq: this.state.seq + kept.length };
    if (kept.length === 0) return this.hold(reached);
    try {
      await this.hold(reached, (session) => this.write(kept, session, mayInsert));
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await this.hold(reached, (session) => this.write(kept, session, () => false));
    }
  }

  private async write(
    kept: readonly HistoryChange[],
    session: ClientSession,
    inserts: (changes: readonly HistoryChange[]) => boolean,
  ): Promise<void> {
    for (const [id, changes] of Map.groupBy(kept, ({ historyId }) => historyId)) {
      const collection = this.surroundings.histories.changesOf({ id });
      if (inserts(changes)) await collection.insertMany(insertsOf(changes), { session });
      else await collection.bulkWrite(upsertsOf(changes), { session });
    }
  }

  /** Stores how far it was looked where somebody waits for that, or the lease runs out. */
  private async advance(position: Timestamp): Promise<void> {
    const { asked } = await this.surroundings.states.own(this.held);
    const isAwaited = asked !== null && isBefore(this.state.position, asked);
    const mustHold = performance.now() - this.heldAt > this.surroundings.leaseMs / 3;
    const next = { ...this.state, position: later(this.state.position, position) };
    if (mustHold || (isAwaited && isBefore(this.state.position, next.position))) await this.hold(next);
  }

  private async breakOff({ at, collections, endsStream }: Break): Promise<void> {
    const names = (name: string) => collections === 'all' || collections.includes(name);
    await this.renew(justAfter(at), (dataset) => names(placeNameOf(dataset.collectionName)));
    await this.hold({ ...this.state, position: endsStream ? justAfter(at) : later(this.state.position, at) });
  }

  private async loseHistory(): Promise<void> {
    const { time: now } = await this.watched.mark();
    await this.renew(now, () => true);
    await this.hold({ ...this.state, position: now });
  }

  /** Histories that began before get a gap: others take their place. */
  private async renew(from: Timestamp, isMeant: (dataset: TrackedDataset) => boolean): Promise<void> {
    for (const dataset of this.tracked.filter(isMeant)) {
      if (dataset.history.from === null || !isBefore(dataset.history.from, from)) continue;
      await this.surroundings.histories.renew(dataset, from, (session) => this.requireHeld(session));
    }
    await this.look();
  }

  /** Stores how far it has come, with what belongs to that, and holds on. */
  private async hold(reached: Reached, together?: (session: ClientSession) => Promise<void>): Promise<void> {
    const { connection, states, leaseMs } = this.surroundings;
    if (!together) await states.hold(this.held, reached, leaseMs);
    else
      await inTransaction(connection, async (session) => {
        await states.hold(this.held, reached, leaseMs, session);
        await together(session);
      });
    this.reached = reached;
    this.heldAt = performance.now();
  }

  private requireHeld = (session: ClientSession) =>
    this.surroundings.states.hold(this.held, this.state, this.surroundings.leaseMs, session);

  private get state(): Reached {
    if (!this.reached) throw new Error('nothing is followed yet');
    return this.reached;
  }
}

interface Batch {
  readonly events: readonly StreamEvent[];
  /** All events before this time are in this batch or in those before it. */
  readonly reached: Timestamp;
}

async function nextBatch(stream: mongo.ChangeStream): Promise<Batch> {
  const events: StreamEvent[] = [];
  let until = Infinity;
  while (events.length < maxBatch && performance.now() < until) {
    const event = (await stream.tryNext()) as StreamEvent | null;
    if (!event) break;
    if (events.length === 0) until = performance.now() + batchMs;
    events.push(event);
    // The server has closed the stream.
    if (event.operationType === 'invalidate') break;
  }
  return { events, reached: timeOfToken(stream.resumeToken) };
}

/** Another deployment than the position is of, or one that was restored to what it was before. */
const isElsewhere = ({ position, deployment, marks }: ChangeStreamState, now: Mark): boolean =>
  position === null || now.deployment !== deployment || now.count <= marks || isBefore(now.time, position);
