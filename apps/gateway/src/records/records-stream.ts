import { Readable } from 'node:stream';
import { getDataset, readPage, type ExportSelection } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { describeContent } from '../exports/media-types.ts';
import { PagePipeline, type PageParts } from './page-pipeline.ts';

/** Streams a dataset to the client. A failure midway breaks the connection: no half answer ends as if it were whole. */
@Injectable()
export class RecordsStream {
  constructor(private readonly bus: BusCaller) {}

  async send(
    request: AuthenticatedRequest,
    reply: FastifyReply,
    dataset: string,
    selection: ExportSelection,
  ): Promise<void> {
    if (request.method === 'HEAD') {
      // The headers alone: a stream behind them would be read to its end and thrown away.
      await this.bus.ask(request, getDataset, { name: dataset });
      describeContent(reply, selection);
      await reply.send(Readable.from([]));
      return;
    }
    const fetchPage = (cursor: string | undefined) =>
      this.bus.stream(
        request,
        readPage,
        cursor === undefined ? { kind: 'first', dataset, selection } : { kind: 'next', dataset, cursor },
      ) as PageParts;
    const pages = new PagePipeline(fetchPage)[Symbol.asyncIterator]();
    // The first page is awaited before the headers go out, so that a refusal still is a problem with its status.
    const first = await pages.next();
    describeContent(reply, selection);
    await reply.send(Readable.from(allOf(first, pages), { objectMode: true, highWaterMark: 1 }));
  }
}

async function* allOf(first: IteratorResult<Uint8Array>, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
