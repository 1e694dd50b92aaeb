/** Why an event was not published. */
export type PublishErrorCode =
  /** The record is not what its schema says, or cannot be written as JSON; nothing was sent. */
  | 'INVALID_RECORD'
  /** Larger than the server takes; nothing was sent. */
  | 'EVENT_TOO_LARGE'
  /** The credentials do not allow it to publish to this dataset, or not any more. */
  | 'NOT_PERMITTED'
  /** Keyport has not caught up and takes no more events; it was tried for as long as `retryForMs` says. */
  | 'STREAM_FULL'
  /** No acknowledgement within `retryForMs`: it may be stored or not. Publish it again with the same id. */
  | 'UNACKNOWLEDGED'
  /** More events wait than `maxWaiting` says. */
  | 'OVERLOADED'
  /** The publisher was closed before. */
  | 'CLOSED';

const texts: Readonly<Record<PublishErrorCode, string>> = {
  INVALID_RECORD: 'The record is not valid. Mend it; nothing was sent.',
  EVENT_TOO_LARGE: 'The event is larger than the server takes. Split the record; nothing was sent.',
  NOT_PERMITTED: 'The credentials do not allow it. Use a key with events:publish of the dataset.',
  STREAM_FULL: 'Keyport takes no more events until it has caught up. Publish it again later, with the same id.',
  UNACKNOWLEDGED: 'The event was not acknowledged in time. Publish it again, with the same id.',
  OVERLOADED: 'Too many events wait. Wait for ready() before the next one.',
  CLOSED: 'The publisher is closed. Make a new one.',
};

/** In the order in which the guide lists them. */
export const publishErrorCodes = Object.keys(texts) as PublishErrorCode[];

/** What every refusal of the publisher is. `cause` is what the server or the connection said. */
export class PublishError extends Error {
  override readonly name = 'PublishError';

  constructor(
    readonly code: PublishErrorCode,
    /** Of the event; publishing with the same one again changes nothing where it was stored. */
    readonly eventId: string,
    options: ErrorOptions & { readonly detail?: string } = {},
  ) {
    const { detail, ...rest } = options;
    super(detail === undefined ? texts[code] : `${texts[code]} (${detail})`, rest);
  }
}
