/** A stored record that a row may meet. */
export interface StoredRow {
  readonly id: string;
  readonly key: string | null;
  /** Null where no row matches it. */
  readonly match: string | null;
  /** The element `_id`. */
  readonly idBytes: Buffer;
  /** The elements behind `_id`; undefined where no row has the same. */
  readonly body: Buffer | undefined;
  /** Only a dry run would have stored it so. */
  readonly isOverlaid: boolean;
}
