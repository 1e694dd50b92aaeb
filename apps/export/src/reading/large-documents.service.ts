import { createHash } from 'node:crypto';
import { KeyportError, readLargeRecord } from '@keyport/contracts';
import { giveBack, Requester } from '@keyport/messaging';
import { Slots } from '@keyport/service';
import { Injectable } from '@nestjs/common';
import { largeText } from '../writing/large-text.ts';
import type { PageOfDocuments } from '../writing/write-page.ts';
import type { ReadOptions, ReadPage } from './dataset-reader.service.ts';
import { KeptTexts } from './kept-texts.ts';
import { OpenText } from './open-text.ts';
import { afterOf } from './selected-scan.ts';
import { afterLarge, encodePosition, type LargePosition, type Position, type ScannedPage } from './position.ts';

/** Each takes 16 MB, and as much again while its parts arrive. */
const concurrency = 2;

/** Milliseconds between two parts. */
const timeoutMs = 8_000;

/** Reads documents that no message carries, and turns them into text page by page: a document of 16 MB may have 100 MB. */
@Injectable()
export class LargeDocuments {
  private readonly slots = new Slots(concurrency);
  private readonly texts = new KeptTexts();

  constructor(private readonly requester: Requester) {}

  async read(at: LargePosition, options: ReadOptions): Promise<ReadPage> {
    const free = await this.slots.take();
    try {
      const { offset } = at.large;
      const key = keyOf(at, options);
      const text = this.texts.take(key) ?? (await this.open(at, options));
      const { bytes, isLast } = await text.pageFrom(offset);
      if (isLast) {
        const next = afterLarge(at);
        const rest = next || at.sort || at.since !== undefined ? undefined : at.scan;
        return { next, since: undefined, count: 1, ...(rest && { after: afterOf(rest) }), write: () => [bytes] };
      }
      this.texts.keep(key, text);
      const next = { ...at, large: { ...at.large, offset: offset + bytes.length } };
      return { next, since: undefined, count: 0, write: () => [bytes] };
    } finally {
      free();
    }
  }

  /** What a page holds, the document included that it only names. */
  async pageOf(page: ScannedPage & PageOfDocuments, at: Position, options: ReadOptions): Promise<PageOfDocuments> {
    if (!page.large) return page;
    const free = await this.slots.take();
    try {
      return { documents: await this.document(at, page.large, options), count: 1 };
    } finally {
      free();
    }
  }

  private async open(at: LargePosition, options: ReadOptions): Promise<OpenText> {
    const document = await this.document(at, at.large.name, options);
    const ends = { isFirst: !at.hasWritten, isLast: afterLarge(at) === undefined };
    return new OpenText(() => largeText(at, document, ends));
  }

  private async document({ dataset, fields: asked, since }: Position, large: Uint8Array, options: ReadOptions) {
    // A record that changed is never given without its `_id`.
    const fields = asked && since !== undefined ? [...new Set(['_id', ...asked])] : asked;
    const request = { dataset, fields, large };
    const parts = await this.requester.replies(readLargeRecord, request, { timeoutMs, ...options });
    const isWhole = parts.every(({ part, of }, index) => part === index + 1 && of === parts.length);
    if (!isWhole || parts.length === 0) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'records' });
    const document = Buffer.concat(parts.map(({ bytes }) => bytes));
    for (const { bytes } of parts) giveBack(bytes);
    return document;
  }
}

/** The same text in the same eyes: a name alone holds no rights. */
function keyOf(at: LargePosition, { limits }: ReadOptions): string {
  const start = encodePosition({ ...at, large: { ...at.large, offset: 0 } });
  return createHash('sha256').update(start).update(JSON.stringify(limits)).digest('base64');
}
