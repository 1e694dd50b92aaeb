import type { Caller } from '@keyport/access';
import type {
  DeadLetterSummary,
  discardDeadLetters,
  listDeadLetters,
  ReplyOf,
  RequestOf,
  summarizeDeadLetters,
  WholeDeadLetter,
} from '@keyport/contracts';
import { filledPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { DeadLetterTotals } from './dead-letter-totals.model.ts';
import { viewOf, wholeViewOf } from './dead-letter-view.ts';
import { DeadLettersRepository } from './dead-letters.repository.ts';
import { mayRead, perhapsReadable, requireRead, requireUpdate } from './letter-rights.ts';

/** Dead letters as those see them who may. */
@Injectable()
export class DeadLettersService {
  constructor(private readonly letters: DeadLettersRepository) {}

  async list(request: RequestOf<typeof listDeadLetters>, caller: Caller): Promise<ReplyOf<typeof listDeadLetters>> {
    const { dataset, code, limit, cursor } = request;
    const visible = perhapsReadable(caller);
    const { items, next } = await filledPage({
      ...{ limit, after: readCursor(z.string(), cursor) },
      find: (after, wanted) => this.letters.list({ visible, dataset, code, after, limit: wanted }),
      isShown: (letter) => mayRead(caller, letter),
      keyOf: ({ _id }) => _id,
    });
    return { items: items.map(viewOf), next };
  }

  async get(id: string, caller: Caller): Promise<WholeDeadLetter> {
    requireRead(await this.letters.head(id), caller, id);
    return wholeViewOf(requireRead(await this.letters.find(id), caller, id));
  }

  async summarize(
    { dataset, limit, cursor }: RequestOf<typeof summarizeDeadLetters>,
    caller: Caller,
  ): Promise<ReplyOf<typeof summarizeDeadLetters>> {
    const visible = perhapsReadable(caller);
    const { items, next } = await filledPage({
      ...{ limit, after: readCursor(z.string(), cursor) },
      find: (after, wanted) => this.letters.listTotals({ visible, dataset, after, limit: wanted }),
      isShown: (totals) => mayRead(caller, totals),
      keyOf: ({ _id }) => _id,
    });
    return { items: await Promise.all(items.map((totals) => this.summaryOf(totals))), next };
  }

  async discard(id: string, caller: Caller): Promise<Record<string, never>> {
    requireUpdate(await this.letters.head(id), caller, id);
    await this.letters.remove(id);
    return {};
  }

  async discardAll(
    { dataset, code }: RequestOf<typeof discardDeadLetters>,
    caller: Caller,
  ): Promise<ReplyOf<typeof discardDeadLetters>> {
    caller.requireWhole('events:update', dataset);
    return { discarded: await this.letters.removeAll({ dataset, code }) };
  }

  private async summaryOf({
    _id: subject,
    dataset,
    refused,
    notKept,
    codes,
  }: DeadLetterTotals): Promise<DeadLetterSummary> {
    const counts = Object.entries(codes).map(([code, count]) => ({ code, count }));
    counts.sort((one, other) => other.count - one.count || one.code.localeCompare(other.code));
    return { subject, dataset, refused, notKept, kept: await this.letters.countKept(subject), codes: counts };
  }
}
