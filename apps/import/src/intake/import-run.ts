import { KeyportError } from '@keyport/contracts';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import type { Failure, ImportDocument } from '../imports/import.model.ts';
import type { Claimed, Hold } from './leases.repository.ts';
import { memoryOf } from './import-memory.ts';
import type { SpoolPosition } from './piece-sequence.ts';
import type { RunningImport } from './places.ts';
import { RunStop, suspectAfter } from './run-ending.ts';
import { Upload } from './upload.ts';

/** Chunks of one import at the writer at the same time, where their rows cannot meet. */
const writesAtOnce = 4;
/** Chunks of one import that may be written and not yet counted: results are small, and are stored several at once. */
const uncommittedAtOnce = 16;

/** An import keeps its place for so long before it makes room for one that waits. */
const turnMs = 2_000;

/** One process's work on one import, from claiming it to giving it back. */
export class ImportRun implements RunningImport {
  readonly document: ImportDocument;
  readonly hold: Hold;
  readonly upload: Upload;
  readonly memory: number;
  readonly startedAt = Date.now();
  /** Settles when the import is given back or has ended. */
  done: Promise<void> = Promise.resolve();
  failures: number;
  readonly lostHolders: number;
  /** Rows counted so far. */
  read: number;
  rejected: number;
  commits = 0;
  /** Bytes of the upload that MongoDB knows to have arrived. */
  receivedStored: number;
  /** Bytes of the upload that are freed. */
  purgedUntil: number;
  /** Where whoever takes it next reads on. */
  spoolPosition: SpoolPosition;
  private readonly stopping = new AbortController();
  private readonly wasResting: boolean;
  private chunksCounted = 0;
  /** Milliseconds until it got further than it was. */
  private caughtUpAfterMs = 0;
  private hasCaughtUp = false;

  constructor({ document, hold, wasResting, lostHolders }: Claimed) {
    this.document = document;
    this.hold = hold;
    this.wasResting = wasResting;
    this.memory = memoryOf(document.contentEncoding);
    this.upload = new Upload(document._id, document.sealedLength);
    this.upload.received = document.received;
    this.receivedStored = document.received;
    this.failures = document.failures;
    this.lostHolders = lostHolders;
    this.read = document.counts.read;
    this.rejected = document.counts.rejected;
    this.spoolPosition = document.position.spool;
    this.purgedUntil = document.position.spool.offset;
  }

  get importId(): string {
    return this.document._id;
  }

  get holder(): string {
    return this.document.creator;
  }

  get heldMs(): number {
    return Date.now() - this.startedAt;
  }

  get idleMs(): number {
    return this.isEnding || this.isCatchingUp ? 0 : this.upload.idleMs;
  }

  get isFresh(): boolean {
    return this.document.startedAt === null && this.heldMs <= turnMs;
  }

  get isLeaving(): boolean {
    return this.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  stop(reason: Error): void {
    this.stopping.abort(reason);
  }

  cancel(): void {
    // Whoever took it so as to end it first counts what is written.
    if (!this.isEnding) this.stop(new RunStop('cancelled'));
  }

  pause(): void {
    if (!this.isEnding && !this.isCatchingUp) this.stop(new RunStop('paused'));
  }

  fail({ code, params }: Failure): void {
    if (!this.isEnding) this.stop(new KeyportError(code, params));
  }

  /** It was paused when it was taken: only what the holder before may have sent is written and counted. */
  get isCatchingUp(): boolean {
    return this.document.state === 'paused';
  }

  /** Every chunk that the holder before may have sent is sent again: there are no more in the file, or were no more. */
  caughtUp(): void {
    this.hasCaughtUp = true;
  }

  /** It was taken so as to be ended. */
  get isEnding(): boolean {
    const { cancelRequestedAt, failRequested } = this.document;
    return cancelRequestedAt !== null || (failRequested ?? null) !== null;
  }

  /** Why it is to be ended. */
  get requestedEnd(): Error {
    const { failRequested } = this.document;
    return failRequested ? new KeyportError(failRequested.code, failRequested.params) : new RunStop('cancelled');
  }

  /** The process ends: what is under way is worth waiting for, but not for long. */
  get isShutdown(): boolean {
    const reason: unknown = this.signal.reason;
    return reason instanceof RunStop && (reason.reason === 'shutdown' || reason.reason === 'lost');
  }

  /** Processes that held it were lost: its chunks are written and counted one by one, so that each is progress. */
  get isSuspect(): boolean {
    return this.lostHolders >= suspectAfter;
  }

  /** No other import is worked on meanwhile. */
  get mustBeAlone(): boolean {
    return this.isSuspect && this.commits === 0;
  }

  /** Its turn is over. One that unpacks its beginning again has a turn at least as long as that took. */
  get mayGiveWay(): boolean {
    if (this.document.contentEncoding === 'identity') return this.heldMs > turnMs;
    return this.commits > 0 && this.heldMs > Math.max(turnMs, 2 * this.caughtUpAfterMs);
  }

  committed(outcomes: readonly ChunkOutcome[], spoolPosition: SpoolPosition): void {
    this.spoolPosition = spoolPosition;
    if (this.commits === 0) this.caughtUpAfterMs = this.heldMs;
    this.commits += 1;
    this.chunksCounted += outcomes.length;
    this.failures = 0;
    for (const { counts } of outcomes) {
      this.read += counts.read;
      this.rejected += counts.rejected;
    }
  }

  /** Most rows that may be rejected. */
  get maxErrors(): number {
    const { onError, maxErrors } = this.document;
    return maxErrors ?? (onError === 'abort' ? 0 : Infinity);
  }

  /** Rows that may still be rejected; negative once it was one too many. */
  get mayReject(): number {
    return this.maxErrors - this.rejected;
  }

  /** With a limit on rejects each chunk waits for the one before: nothing behind the one too many is written. */
  get window(): { readonly writes: number; readonly uncommitted: number } {
    return this.maxErrors === Infinity
      ? { writes: writesAtOnce, uncommitted: uncommittedAtOnce }
      : { writes: 1, uncommitted: 1 };
  }

  /** Chunks, all of them right behind its position, that the holder before may have sent and not counted. */
  get chunksInDoubt(): number {
    return this.wasResting || this.hasCaughtUp ? 0 : Math.max(0, this.window.uncommitted - this.chunksCounted);
  }
}
