import { Readable } from 'node:stream';
import type { listRejects, ReplyOf, RequestInput } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { negotiate } from '../http/negotiate.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Page = ReplyOf<typeof listRejects>;
type Fetch = (page: RequestInput<typeof listRejects>) => Promise<Page>;

const rowsAPage = 1000;
const rejectTypes = ['application/x-ndjson', 'application/json'] as const;

/** Sends rejected rows: all of them as NDJSON, or one page as JSON, read page by page as the client takes them. */
@Injectable()
export class RejectsStream {
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    importId: string,
    query: { limit: number; cursor?: string | undefined },
    fetchPage: Fetch,
  ): Promise<void> {
    if (negotiate(request.headers.accept, rejectTypes) === 'application/json') {
      await reply.send(await fetchPage({ importId, ...query }));
      return;
    }
    // Fetched before the headers go out, so that an unknown import still is a 404.
    const first = await fetchPage({ importId, limit: rowsAPage });
    const lines =
      request.method === 'HEAD'
        ? Readable.from([])
        : Readable.from(linesFrom(first, (cursor) => fetchPage({ importId, limit: rowsAPage, cursor })));
    await reply.type('application/x-ndjson').send(lines);
  }
}

async function* linesFrom(first: Page, fetchNext: (cursor: string) => Promise<Page>): AsyncGenerator<string> {
  for (let page = first; ; page = await fetchNext(page.next)) {
    if (page.items.length > 0) yield page.items.map((row) => `${JSON.stringify(row)}\n`).join('');
    if (page.next === null) return;
  }
}
