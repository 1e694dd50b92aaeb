import { Readable } from 'node:stream';
import type { listCorrectableRows, listRejects, ReplyOf, RequestInput } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { negotiate } from '../http/negotiate.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const rejectFormats = ['ndjson', 'json', 'csv'] as const;
type RejectFormat = (typeof rejectFormats)[number];

interface Asked {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly format?: RejectFormat | undefined;
}

/** Fetches a page of rejected rows. */
interface Fetch {
  readonly rows: (page: RequestInput<typeof listRejects>) => Promise<ReplyOf<typeof listRejects>>;
  readonly correctable: (
    page: RequestInput<typeof listCorrectableRows>,
  ) => Promise<ReplyOf<typeof listCorrectableRows>>;
}

interface TextPage {
  readonly text: string;
  readonly mediaType: string;
  readonly next: string | null;
}

const rowsAPage = 1000;
const formatOf: Readonly<Record<string, RejectFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/json': 'json',
  'text/csv': 'csv',
  // Of a TSV file; who asks so for another one is told by Content-Type what came.
  'text/tab-separated-values': 'csv',
};

/** Sends rejected rows: all of them as NDJSON or CSV, or one page as JSON, read page by page as the client takes them. */
@Injectable()
export class RejectsStream {
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    importId: string,
    { format, ...query }: Asked,
    fetch: Fetch,
  ): Promise<void> {
    const chosen = format ?? formatOf[negotiate(request.headers.accept, Object.keys(formatOf))];
    if (chosen === 'json') {
      await reply.send(await fetch.rows({ importId, ...query }));
      return;
    }
    const fetchText = async (cursor?: string): Promise<TextPage> =>
      chosen === 'csv'
        ? fetch.correctable({ importId, cursor })
        : linesOf(await fetch.rows({ importId, limit: rowsAPage, cursor }));
    // Fetched before the headers go out, so that an unknown import still is a 404.
    const first = await fetchText();
    if (chosen === 'csv')
      void reply.header('content-disposition', `attachment; filename="rejects-${importId}.${extensionOf(first)}"`);
    const text = request.method === 'HEAD' ? Readable.from([]) : Readable.from(textsFrom(first, fetchText));
    await reply.type(first.mediaType).send(text);
  }
}

const linesOf = ({ items, next }: ReplyOf<typeof listRejects>): TextPage => ({
  text: items.map((row) => `${JSON.stringify(row)}\n`).join(''),
  mediaType: 'application/x-ndjson',
  next,
});

const extensionOf = ({ mediaType }: TextPage) => (mediaType.startsWith('text/csv') ? 'csv' : 'tsv');

async function* textsFrom(first: TextPage, fetchNext: (cursor: string) => Promise<TextPage>): AsyncGenerator<string> {
  for (let page = first; ; page = await fetchNext(page.next)) {
    if (page.text !== '') yield page.text;
    if (page.next === null) return;
  }
}
