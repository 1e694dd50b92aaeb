import { Readable } from 'node:stream';
import { getRecord, readPage, type RequestInput, type ExportSelection } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { describeContent } from '../exports/media-types.ts';
import { PagePipeline, type PageParts } from './page-pipeline.ts';
import { addTrailers, announceTrailers } from './stream-trailers.ts';

/** A client that stops reading leaves in memory what is being sent to it, and nothing behind that. */
const onDemand = { objectMode: true, highWaterMark: 0 };

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
    if (request.method === 'HEAD') return this.describe(request, reply, dataset, selection);
    const pages = await this.pagesFrom(request, { kind: 'first', dataset, selection });
    describeStream(reply, selection, pages.since);
    announceTrailers(reply);
    await reply.send(Readable.from(wholeOf(pages, reply), onDemand));
  }

  /** As a GET would be answered, a refusal included: by its first page, of which nothing is sent and nothing follows. */
  private async describe(
    request: AuthenticatedRequest,
    reply: FastifyReply,
    dataset: string,
    selection: ExportSelection,
  ): Promise<void> {
    let since: string | undefined;
    for await (const part of this.bus.stream(request, readPage, { kind: 'first', dataset, selection })) {
      if ('next' in part) since = part.since;
      break;
    }
    describeStream(reply, selection, since);
    await reply.send(Readable.from([]));
  }

  /** One record as JSON; as a stream where no message carries it. */
  async sendOne(request: AuthenticatedRequest, reply: FastifyReply, dataset: string, id: string): Promise<void> {
    const found = await this.bus.ask(request, getRecord, { dataset, id });
    const body =
      'json' in found
        ? found.json
        : Readable.from(await this.pagesFrom(request, { kind: 'record', dataset, ...found }), onDemand);
    await reply.type('application/json; charset=utf-8').send(body);
  }

  /** The first page is awaited before the headers go out, so that a refusal still is a problem with its status. */
  private async pagesFrom(request: AuthenticatedRequest, first: RequestInput<typeof readPage>): Promise<PagePipeline> {
    const { dataset } = first;
    const fetchPage = (cursor: string | undefined) =>
      this.bus.stream(request, readPage, cursor === undefined ? first : { kind: 'next', dataset, cursor }) as PageParts;
    const pages = new PagePipeline(fetchPage);
    await pages.begun();
    return pages;
  }
}

function describeStream(reply: FastifyReply, selection: ExportSelection, since: string | undefined): void {
  describeContent(reply, selection);
  if (since !== undefined) void reply.header('keyport-since', since);
}

/** Headers leave with the first piece, and where few records match, bytes take a while: an empty one comes first. */
async function* wholeOf(pages: PagePipeline, reply: FastifyReply): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(0);
  yield* pages;
  addTrailers(reply, pages.totals);
}
