import { ingestTypes, type CloudEvent } from '@keyport/contracts';

/** What there is to say about one record. */
export interface Statement {
  readonly kind: keyof typeof ingestTypes;
  readonly id: string;
  /** The record's key. */
  readonly key: string | undefined;
  readonly data: unknown;
}

/** The same as CloudEvents 1.0, JSON event format. */
export const recordEvent = (source: string, { kind, id, key, data }: Statement, time: Date): CloudEvent => ({
  specversion: '1.0',
  id,
  source,
  type: ingestTypes[kind],
  time: time.toISOString(),
  ...(key !== undefined && { subject: key }),
  ...(data !== undefined && { datacontenttype: 'application/json', data }),
});
