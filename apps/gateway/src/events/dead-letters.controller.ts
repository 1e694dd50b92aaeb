import {
  datasetName,
  deadLetterSchema,
  deadLetterSummarySchema,
  discardDeadLetter,
  discardDeadLetters,
  discardedAllSchema,
  getDeadLetter,
  listDeadLetters,
  listOf,
  pageRequest,
  replayDeadLetter,
  replayDeadLetters,
  replayedAllSchema,
  replayedSchema,
  summarizeDeadLetters,
  wholeDeadLetterSchema,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { Describe } from '../http/describe.ts';

const listQuery = pageRequest.extend({ dataset: datasetName.optional(), code: z.string().max(100).optional() });
const summaryQuery = pageRequest.extend({ dataset: datasetName.optional() });

type ReplayAll = z.output<typeof replayDeadLetters.request>;
type DiscardAll = z.output<typeof discardDeadLetters.request>;

/** What a replay waits for is a service that was just killed. */
const patiently = { retryForMs: 15_000 };

@ApiTags('events')
@Controller('v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly bus: BusCaller) {}

  @Get()
  @AnyToken()
  @Describe({
    summary: 'Events that could not be written, oldest first',
    description: 'Those of datasets for which the caller holds `events:read` without limits on rows or fields.',
    reply: listOf(deadLetterSchema).meta({ id: 'DeadLetterList' }),
    errors: ['CURSOR_INVALID'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: listQuery }) query: z.output<typeof listQuery>) {
    return this.bus.ask(request, listDeadLetters, query);
  }

  @Get('summary')
  @AnyToken()
  @Describe({
    summary: 'How many events were refused, by dataset and code',
    description: 'Counts are exact, also where there was no room to keep what was in the events.',
    reply: listOf(deadLetterSummarySchema).meta({ id: 'DeadLetterSummaryList' }),
    errors: ['CURSOR_INVALID'],
  })
  summarize(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: summaryQuery }) query: z.output<typeof summaryQuery>,
  ) {
    return this.bus.ask(request, summarizeDeadLetters, query);
  }

  @Get(':id')
  @DataLeaves()
  @AnyToken()
  @Describe({
    summary: 'One event that could not be written, with what was published',
    reply: wholeDeadLetterSchema,
    errors: ['DEAD_LETTER_NOT_FOUND'],
  })
  get(@Req() request: AuthenticatedRequest, @Param('id') deadLetterId: string) {
    return this.bus.ask(request, getDeadLetter, { deadLetterId });
  }

  @Post('replay')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Write the dead letters of a dataset once more, oldest first, up to 1,000 at once',
    description: 'Ask again with the same `refusedBefore` while `more` is true.',
    reply: replayedAllSchema,
    errors: ['DATASET_NOT_FOUND'],
  })
  replayAll(@Req() request: AuthenticatedRequest, @Body({ schema: replayDeadLetters.request }) body: ReplayAll) {
    return this.bus.ask(request, replayDeadLetters, body, patiently);
  }

  @Post(':id/replay')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Write one dead letter once more',
    description: 'The event is written exactly once, whatever is killed meanwhile and however often this is asked.',
    reply: replayedSchema,
    errors: ['DEAD_LETTER_NOT_FOUND', 'DEAD_LETTER_REFUSED', 'DEAD_LETTER_CUT'],
  })
  replay(@Req() request: AuthenticatedRequest, @Param('id') deadLetterId: string) {
    return this.bus.ask(request, replayDeadLetter, { deadLetterId }, patiently);
  }

  @Delete()
  @AnyToken()
  @Describe({ summary: 'Discard the dead letters of a dataset', reply: discardedAllSchema })
  discardAll(@Req() request: AuthenticatedRequest, @Query({ schema: discardDeadLetters.request }) query: DiscardAll) {
    return this.bus.ask(request, discardDeadLetters, query);
  }

  @Delete(':id')
  @AnyToken()
  @HttpCode(204)
  @Describe({ summary: 'Discard one dead letter', status: 204, errors: ['DEAD_LETTER_NOT_FOUND'] })
  async discard(@Req() request: AuthenticatedRequest, @Param('id') deadLetterId: string): Promise<void> {
    await this.bus.ask(request, discardDeadLetter, { deadLetterId });
  }
}
