import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import type { readPage, ReplyOf, RequestOf } from '@keyport/contracts';
import { giveBack } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { DatasetReader, type ReadOptions, type ReadPage } from '../reading/dataset-reader.service.ts';
import { ofOneDocument, type Position } from '../reading/position.ts';
import { compress } from '../writing/compress.ts';
import { cutBytes } from '../writing/cut-bytes.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

/** Milliseconds to live through a restart of `records`; with one more scan it stays under the page's own deadline. */
const retryForMs = 15_000;

/** Bytes of BSON that are turned into text in one go. Between two of them the next page is asked for, and arrives. */
const pieceBytes = 128 * 1024;

/** Only odd pages need more messages than pieces (NATS `max_payload` is 8 MB). */
const maxReplyBytes = 4 * 1024 * 1024;

@Injectable()
export class PagesService {
  constructor(private readonly reader: DatasetReader) {}

  async *read(request: RequestOf<typeof readPage>, caller: Caller): AsyncGenerator<ReplyOf<typeof readPage>> {
    caller.require('records:read', request.dataset);
    const { dataset } = request;
    const limits = caller.limitsOn('records:read', dataset);
    const options = { authority: caller.authority, retryForMs, limits };
    const at = await this.positionOf(request, options);
    const page = await this.reader.read(at, options);
    const { count, after, since } = page;
    const told = { count, ...(after !== undefined && { after }), ...(since !== undefined && { since }) };
    yield { next: page.next ? encodeCursor(page.next) : null, ...told };
    for await (const bytes of packed(page, at)) {
      for (const piece of cutBytes(bytes, maxReplyBytes)) yield { bytes: piece };
      giveBack(bytes);
    }
  }

  private positionOf(request: RequestOf<typeof readPage>, options: ReadOptions): Position | Promise<Position> {
    const { dataset } = request;
    switch (request.kind) {
      case 'first':
        return this.reader.begin({ dataset, limits: options.limits }, request.selection, options);
      case 'next':
        return decodeCursor(request.cursor, dataset);
      case 'record':
        return ofOneDocument(dataset, request.datasetId, request.large);
    }
  }
}

/** Each page is a member of its own; the last one also without text, since no bytes are no gzip. */
async function* packed(page: ReadPage, { compression = 'none' }: Position): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* textOf(page);
    return;
  }
  const text = Buffer.concat(await Array.fromAsync(textOf(page)));
  if (text.length > 0 || page.next === undefined) yield await compress(text, compression);
}

/** Writing blocks the process: what waits, the place of the next page first of all, leaves before each piece. */
async function* textOf({ write }: ReadPage): AsyncGenerator<Uint8Array> {
  const pieces = write(pieceBytes)[Symbol.iterator]();
  for (;;) {
    await nextTurn();
    const piece = pieces.next();
    if (piece.done) return;
    yield piece.value;
  }
}
