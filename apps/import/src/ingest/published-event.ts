/** A message of the stream `INGEST`, as it was published. */
export interface PublishedEvent {
  /** Tells the stream from one that was deleted and made anew, whose sequences begin at 1 again. */
  readonly stream: string;
  readonly sequence: number;
  /** `ingest.v1.<dataset>` */
  readonly subject: string;
  readonly publishedAt: Date;
  readonly bytes: Uint8Array;
}

/** Why an event cannot be written, now or later. */
export interface EventProblem {
  readonly code: string;
  readonly message: string;
  readonly path?: string | undefined;
}
