import { deletedField, readChanges, scanRecords, type RequestInput } from '@keyport/contracts';
import { splitDocuments } from '@keyport/mongo';
import { eventually } from '@keyport/testing';
import { BSON, EJSON } from 'bson';
import type { BusClient } from './bus-client.ts';

type Fields = Pick<RequestInput<typeof readChanges>, 'fields'>;

/** Milliseconds that a request is repeated while processes are killed; its authority is good for a minute. */
const retryForMs = 50_000;
/** A request that a killed process had taken is sent again. */
const timeoutMs = 3_000;

/** A copy of a dataset as a client keeps one: read whole once, then by what changed since. */
export class DatasetCopy {
  readonly records = new Map<string, string>();
  /** Pages that each increment had. */
  readonly pages: number[] = [];
  since = '';

  constructor(
    private readonly bus: BusClient,
    private readonly dataset: string,
    private readonly authority?: string,
  ) {}

  /** Reads it whole, and the cursor that goes with that: there may be none yet right after tracking began. */
  async read(): Promise<void> {
    await eventually(
      async () => {
        await this.readOnce();
        return this.since;
      },
      (since) => since !== '',
    );
  }

  private async readOnce(): Promise<void> {
    this.records.clear();
    let cursor: Uint8Array | undefined;
    do {
      const request = { dataset: this.dataset, maxBytes: 2_000, ...(cursor && { cursor }) };
      const page = await this.bus.ask('export', scanRecords, request, this.options());
      if (!cursor) this.since = page.since ?? '';
      this.apply(page.documents);
      cursor = page.next;
    } while (cursor);
  }

  /** Takes up what changed since; gives it, in order, as canonical Extended JSON. */
  async update({ fields, maxBytes = 2_000 }: Fields & { maxBytes?: number } = {}): Promise<string[]> {
    const taken: string[] = [];
    let pages = 0;
    let next: Uint8Array | undefined;
    let { since } = this;
    do {
      const from = next ? { next } : { since: this.since };
      const request = { dataset: this.dataset, from, maxBytes, ...(fields && { fields }) };
      const page = await this.bus.ask('export', readChanges, request, this.options());
      if (!next) ({ since } = page);
      taken.push(...this.apply(page.documents));
      next = page.next;
      pages += 1;
    } while (next);
    this.since = since;
    this.pages.push(pages);
    return taken;
  }

  /** What it holds, in an order that does not depend on how it came to that. */
  sorted(): string[] {
    return [...this.records.values()].sort();
  }

  private options() {
    return { retryForMs, timeoutMs, ...(this.authority !== undefined && { authority: this.authority }) };
  }

  private apply(documents: Uint8Array): string[] {
    return splitDocuments(documents).map((bytes) => {
      const document = BSON.deserialize(bytes, { promoteValues: false });
      const id = exactly({ _id: document._id as unknown });
      if (Object.keys(document)[0] === deletedField) this.records.delete(id);
      else this.records.set(id, exactly(document));
      return exactly(document);
    });
  }
}

const exactly = (document: BSON.Document): string => EJSON.stringify(document, { relaxed: false });
