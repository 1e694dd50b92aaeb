import type { Caller } from '@keyport/access';
import {
  KeyportError,
  maxDeadLettersAtOnce,
  type replayDeadLetter,
  type replayDeadLetters,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { IngestTargets } from '../ingest/ingest-targets.ts';
import { IngestWriter, type Ingested } from '../ingest/ingest-writer.service.ts';
import type { StoredDeadLetter } from './dead-letter.model.ts';
import { bytesOf } from './dead-letter-view.ts';
import { DeadLettersRepository } from './dead-letters.repository.ts';
import { requireUpdate } from './letter-rights.ts';

/** Well within the contract's deadline. */
const replayForMs = 20_000;

/**
 * Writes events that were refused, once more. First it is written and then the letter goes: a process that is killed in
 * between leaves a letter whose event is known to be written.
 */
@Injectable()
export class ReplayService {
  constructor(
    private readonly letters: DeadLettersRepository,
    private readonly writer: IngestWriter,
    private readonly targets: IngestTargets,
  ) {}

  /** Throws DEAD_LETTER_NOT_FOUND, INSUFFICIENT_SCOPE, DEAD_LETTER_CUT and DEAD_LETTER_REFUSED. */
  async replay(id: string, caller: Caller): Promise<ReplyOf<typeof replayDeadLetter>> {
    requireUpdate(await this.letters.head(id), caller, id);
    const letter = requireUpdate(await this.letters.find(id), caller, id);
    if (!letter.complete) throw new KeyportError('DEAD_LETTER_CUT', { deadLetterId: id, bytes: letter.bytes });
    // Its cause may have been put right a moment ago.
    if (letter.dataset !== null) this.targets.forget(letter.dataset);
    const outcome = await this.replayLetter(letter);
    if (outcome.kind !== 'refused') return { outcome: outcome.kind };
    const { code, message } = outcome.problem;
    throw new KeyportError('DEAD_LETTER_REFUSED', { deadLetterId: id, code, reason: message });
  }

  async replayAll(
    { dataset, code, refusedBefore }: RequestOf<typeof replayDeadLetters>,
    caller: Caller,
  ): Promise<ReplyOf<typeof replayDeadLetters>> {
    caller.requireWhole('events:update', dataset);
    this.targets.forget(dataset);
    const counts = { written: 0, repeated: 0, refused: 0 };
    const deadline = Date.now() + replayForMs;
    const limits = { dataset, code, refusedBefore: refusedBefore === undefined ? new Date() : new Date(refusedBefore) };
    const found = await this.letters.list({ visible: {}, ...limits, limit: maxDeadLettersAtOnce + 1 });
    let taken = 0;
    for (const { _id } of found.slice(0, maxDeadLettersAtOnce)) {
      if (Date.now() > deadline) break;
      taken += 1;
      const letter = await this.letters.find(_id);
      // Somebody else replayed it, or discarded it.
      if (letter) counts[letter.complete ? (await this.replayLetter(letter)).kind : 'refused'] += 1;
    }
    return { ...counts, more: taken < found.length };
  }

  private async replayLetter(letter: StoredDeadLetter): Promise<Ingested> {
    const { _id, stream, sequence, subject, publishedAt } = letter;
    const published = { stream, sequence, subject, publishedAt, bytes: bytesOf(letter) };
    const [outcome] = (await this.writer.write(await this.writer.prepare([published]), { again: true })) as [Ingested];
    if (outcome.kind === 'refused') await this.letters.refuseAgain(_id, outcome.problem);
    else await this.letters.remove(_id);
    return outcome;
  }
}
