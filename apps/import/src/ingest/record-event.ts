import { cloudEvent, datasetName, ingestSubject, ingestTypes } from '@keyport/contracts';
import { z } from 'zod';

/** A record that an internal service published. */
export interface RecordEvent {
  readonly dataset: string;
  /** With `source`, the event's name (CloudEvents 1.0, "id"). */
  readonly id: string;
  readonly source: string;
  /** The record's key, as the publisher names it. */
  readonly subject: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface InvalidEvent {
  readonly invalid: string;
}

const upserted = cloudEvent.extend({
  type: z.literal(ingestTypes.upserted),
  data: z.record(z.string(), z.unknown()),
});

/** Reads a CloudEvent of `ingest.v1.<dataset>`. */
export function readRecordEvent(subject: string, body: string): RecordEvent | InvalidEvent {
  const dataset = datasetName.safeParse(subject.slice(ingestSubject('').length));
  if (!dataset.success) return { invalid: 'the subject names no dataset' };
  const event = upserted.safeParse(parsed(body));
  if (!event.success) {
    const [issue] = event.error.issues;
    return { invalid: `${issue?.path.join('.') || 'event'}: ${issue?.message ?? 'not valid'}` };
  }
  const { id, source, data } = event.data;
  return { dataset: dataset.data, id, source, subject: event.data.subject, data };
}

/**
 * The record as a line of NDJSON. Where the dataset has no key fields and the record no `_id`, the event's subject
 * becomes the `_id`: the same subject means the same record.
 */
export function rowOf({ subject, data }: RecordEvent, datasetKey: readonly string[]): string {
  const needsId = datasetKey.length === 0 && subject !== undefined && !('_id' in data);
  return `${JSON.stringify(needsId ? { _id: subject, ...data } : data)}\n`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
