import type { RequestOf, scanRecords } from '@keyport/contracts';
import type { RawElement } from '@keyport/mongo';
import type { Timestamp } from 'bson';
import type { ScanPosition } from './scan-cursor.ts';

/** What a page asks for, and where it begins. */
export interface PageRequest extends Pick<RequestOf<typeof scanRecords>, 'limit' | 'maxBytes'> {
  readonly collectionName: string;
  readonly position: ScanPosition | undefined;
  /** Of a record, as far as is known. */
  readonly averageBytes: number;
  /** The caller's own filter is among what is asked for. */
  readonly isFiltered?: boolean;
  /** The state to read, where it must be that of other pages too. */
  readonly at?: Timestamp | undefined;
}

export interface ScannedPage {
  readonly documents: Buffer;
  readonly count: number;
  /** The record that the next page begins behind; undefined on the last one. */
  readonly last: RawElement | undefined;
  /** Where the next page begins in an order of fields, as the cursor holds it. */
  readonly behind?: Uint8Array;
  /** The last record of these documents. */
  readonly lastShown: RawElement | undefined;
  readonly averageBytes: number;
  readonly window?: number;
  /** Set where it is one document that no message carries: the state that it is of. */
  readonly at?: Timestamp;
}
