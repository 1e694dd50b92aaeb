import { z } from 'zod';
import { defineRequest } from './define.ts';
import { datasetName, empty, instant, listOf, pageRequest } from './shapes.ts';

/** Why an event can be a dead letter, beside the codes of rejected rows and those of errors. Documentation is made of it. */
export const eventErrorCodes = [
  { code: 'EVENT_NOT_JSON', meaning: 'The message is not one JSON object in UTF-8.' },
  {
    code: 'EVENT_NOT_VALID',
    meaning: 'The message is no CloudEvent 1.0 in structured mode; the path names the attribute.',
  },
  { code: 'EVENT_TYPE_UNKNOWN', meaning: 'The `type` is none that Keyport takes.' },
  { code: 'EVENT_TOO_LARGE', meaning: 'The event is larger than 4 MiB and 64 KiB.' },
  { code: 'EVENT_DATASET_INVALID', meaning: 'The subject on the bus does not end with the name of a dataset.' },
  { code: 'EVENT_FAILED', meaning: 'Writing the event failed five times for a reason that is in the log alone.' },
] as const;
export type EventErrorCode = (typeof eventErrorCodes)[number]['code'];

/** How a request names a dead letter: any text, so that a wrong one is simply not found. */
const deadLetterReference = z.string().min(1).max(2048);

export const deadLetterSchema = z
  .object({
    id: z.string(),
    /** Null where the subject on the bus names none. */
    dataset: datasetName.nullable(),
    /** On the bus: `ingest.v1.<dataset>`. */
    subject: z.string(),
    /** Of the CloudEvent, as far as it could be read; with `eventId` its name. */
    source: z.string().nullable(),
    eventId: z.string().nullable(),
    type: z.string().nullable(),
    /** The CloudEvent's own subject: the key. */
    eventSubject: z.string().nullable(),
    code: z.string(),
    message: z.string(),
    path: z.string().optional(),
    /** How often it was published; to be published again with the same name makes no further dead letter. */
    deliveries: z.number().int(),
    /** How often it was replayed, and refused again. */
    replays: z.number().int(),
    /** When it was published, the last time. */
    publishedAt: instant,
    refusedAt: instant,
    expiresAt: instant,
    bytes: z.number().int(),
    /** All of it is kept, so that it can be replayed. */
    complete: z.boolean(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.output<typeof deadLetterSchema>;

/** One that is looked at alone shows what was published, up to {@link shownDeadLetterBytes}. */
export const wholeDeadLetterSchema = deadLetterSchema
  .extend({
    /** As text; bytes that are no UTF-8 are U+FFFD. */
    raw: z.string(),
    /** `raw` is all of the message, as it was published. */
    rawComplete: z.boolean(),
  })
  .meta({ id: 'WholeDeadLetter' });
export type WholeDeadLetter = z.output<typeof wholeDeadLetterSchema>;

/** JSON may take six bytes for one of them, and one message 8 MB. */
export const shownDeadLetterBytes = 1024 * 1024;

/** Which dead letters: all that the caller may see where nothing is told. */
const selection = { dataset: datasetName.optional(), code: z.string().max(100).optional() };

/** Oldest first: the order in which a replay takes them. */
export const listDeadLetters = defineRequest({
  subject: 'import.v1.dead-letters.list',
  request: pageRequest.extend(selection),
  reply: listOf(deadLetterSchema),
  idempotent: true,
});

export const getDeadLetter = defineRequest({
  subject: 'import.v1.dead-letters.get',
  request: z.object({ deadLetterId: deadLetterReference }),
  reply: wholeDeadLetterSchema,
  idempotent: true,
});

export const deadLetterSummarySchema = z
  .object({
    subject: z.string(),
    dataset: datasetName.nullable(),
    /** All events that were refused, those that are no dead letters any more included. */
    refused: z.number().int(),
    /** Of those: refused when there was no room for what was in them. */
    notKept: z.number().int(),
    /** Dead letters now. */
    kept: z.number().int(),
    /** Of `refused`, the largest first. */
    codes: z.array(z.object({ code: z.string(), count: z.number().int() })),
  })
  .meta({ id: 'DeadLetterSummary' });
export type DeadLetterSummary = z.output<typeof deadLetterSummarySchema>;

/** By subject on the bus, in the order of names. */
export const summarizeDeadLetters = defineRequest({
  subject: 'import.v1.dead-letters.summary',
  request: pageRequest.extend({ dataset: datasetName.optional() }),
  reply: listOf(deadLetterSummarySchema),
  idempotent: true,
});

export const replayedSchema = z
  .object({
    /** `repeated`: an event of this name had been written before, so nothing was changed. */
    outcome: z.enum(['written', 'repeated']),
  })
  .meta({ id: 'ReplayedDeadLetter' });

/** Writes the event now, and forgets the dead letter. DEAD_LETTER_REFUSED where it is refused again, and stays. */
export const replayDeadLetter = defineRequest({
  subject: 'import.v1.dead-letters.replay',
  request: z.object({ deadLetterId: deadLetterReference }),
  reply: replayedSchema,
  idempotent: true,
  timeoutMs: 30_000,
});

/** The most that one request replays or discards. */
export const maxDeadLettersAtOnce = 1_000;

export const replayedAllSchema = z
  .object({
    written: z.number().int(),
    repeated: z.number().int(),
    /** Refused again, and kept. */
    refused: z.number().int(),
    /** There may be more: ask again. */
    more: z.boolean(),
  })
  .meta({ id: 'ReplayedDeadLetters' });

/** Replays those of one dataset, oldest first, each once. */
export const replayDeadLetters = defineRequest({
  subject: 'import.v1.dead-letters.replay-all',
  request: z.strictObject({
    dataset: datasetName,
    code: selection.code,
    /** Refused at or before then, so that asking again until nothing is left comes to an end. */
    refusedBefore: instant.optional(),
  }),
  reply: replayedAllSchema,
  idempotent: true,
  timeoutMs: 60_000,
});

export const discardDeadLetter = defineRequest({
  subject: 'import.v1.dead-letters.discard',
  request: z.object({ deadLetterId: deadLetterReference }),
  reply: empty,
});

export const discardedAllSchema = z.object({ discarded: z.number().int() }).meta({ id: 'DiscardedDeadLetters' });

/** Discards those of one dataset. */
export const discardDeadLetters = defineRequest({
  subject: 'import.v1.dead-letters.discard-all',
  request: z.strictObject({ dataset: datasetName, code: selection.code }),
  reply: discardedAllSchema,
  timeoutMs: 30_000,
  idempotent: true,
});
