import { isUtf8 } from 'node:buffer';
import { NotAnObject, objectMembers, type ValueRange } from '@keyport/codec';
import { cloudEvent, datasetName, type EventErrorCode, ingestSubject, ingestTypes } from '@keyport/contracts';
import type { EventProblem } from './published-event.ts';

/** A row is 4 MiB at most; the attributes of its event have the rest. */
export const maxEventBytes = 4 * 1024 * 1024 + 64 * 1024;

/** What an event says about itself, as far as it could be read. */
export interface EventName {
  /** With `source`, the event's name (CloudEvents 1.0, "id"). */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The record's key, as the publisher names it. */
  readonly subject: string | undefined;
}

/** A change of a record that an internal service published. */
export interface RecordEvent extends EventName {
  readonly isDelete: boolean;
  /** The JSON object as it was sent, so that every number and wrapper survives. */
  readonly data: Uint8Array | undefined;
}

export type ReadEvent =
  | { readonly event: RecordEvent; readonly problem?: undefined; readonly name?: undefined }
  | { readonly event?: undefined; readonly problem: EventProblem; readonly name?: EventName | undefined };

const types = new Map<string, Pick<RecordEvent, 'isDelete'>>([
  [ingestTypes.upserted, { isDelete: false }],
  [ingestTypes.deleted, { isDelete: true }],
]);

/** The dataset that a subject on the bus names. */
export const datasetOf = (subject: string): string | undefined =>
  datasetName.safeParse(subject.slice(ingestSubject('').length)).data;

/** The event's name, as far as it could be read. */
export const nameOf = (read: ReadEvent): EventName | undefined => read.event ?? read.name;

/** Reads a CloudEvent in structured mode (CloudEvents 1.0, "JSON Event Format"). */
export function readRecordEvent(bytes: Uint8Array): ReadEvent {
  if (bytes.length > maxEventBytes) {
    return refused('EVENT_TOO_LARGE', `The event has ${bytes.length} bytes; ${maxEventBytes} is the limit.`);
  }
  if (!isUtf8(bytes)) return refused('EVENT_NOT_JSON', 'The message is not UTF-8.');
  const members = membersOf(bytes);
  if ('problem' in members) return members;
  const { attributes, data } = members;
  const read = cloudEvent.safeParse(attributes);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = issue?.path.join('.') ?? '';
    return refused('EVENT_NOT_VALID', `${path || 'event'}: ${issue?.message ?? 'not valid'}`, { path });
  }
  const { id, source, type, subject, datacontenttype } = read.data;
  const name = { id, source, type, subject };
  const known = types.get(type);
  if (!known) {
    const message = `The type is to be ${[...types.keys()].join(' or ')}.`;
    return { ...refused('EVENT_TYPE_UNKNOWN', message, { path: 'type' }), name };
  }
  const fault = contentFault(attributes, datacontenttype, data ?? known.isDelete);
  if (fault) return { ...fault, name };
  return { event: { ...name, ...known, data } };
}

interface Members {
  readonly attributes: Record<string, unknown>;
  /** Undefined where there is none, or null. */
  readonly data: Uint8Array | undefined;
}

function membersOf(bytes: Uint8Array): Members | { readonly problem: EventProblem } {
  // No prototype: an attribute may have any name.
  const attributes = Object.create(null) as Record<string, unknown>;
  let data: Uint8Array | undefined;
  const seen = new Set<string>();
  try {
    for (const [name, range] of objectMembers(bytes)) {
      if (seen.has(name)) return refused('EVENT_NOT_VALID', 'The attribute comes twice.', { path: name });
      seen.add(name);
      const value = valueAt(bytes, range);
      if (name !== 'data') attributes[name] = JSON.parse(value.toString()) as unknown;
      else if (value.toString('latin1', 0, 5) !== 'null') data = value;
    }
  } catch (error) {
    if (!(error instanceof NotAnObject || error instanceof SyntaxError)) throw error;
    return refused('EVENT_NOT_JSON', `The message is not one JSON object: ${error.message}.`);
  }
  return { attributes, data };
}

const valueAt = (bytes: Uint8Array, { start, end }: ValueRange) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);

/** `application/json`, or with the suffix of another type (RFC 6839 §3.1). */
const isJson = (contentType: string) => /^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(contentType);

function contentFault(attributes: object, contentType: string | undefined, data: unknown) {
  if ('data_base64' in attributes)
    return refused('EVENT_NOT_VALID', 'The record is to be JSON, in data.', { path: 'data_base64' });
  if (contentType !== undefined && !isJson(contentType)) {
    return refused('EVENT_NOT_VALID', 'The data is to be application/json.', { path: 'datacontenttype' });
  }
  return data ? undefined : refused('EVENT_NOT_VALID', 'There is no record.', { path: 'data' });
}

const refused = (code: EventErrorCode, message: string, { path }: { readonly path?: string } = {}) => ({
  problem: { code, message, ...(path && { path }) },
});
