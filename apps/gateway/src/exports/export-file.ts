import { Readable } from 'node:stream';
import { getExport, KeyportError, readExportFile, type Export } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { matchesEtag, rangeOf, type ByteRange } from './file-range.ts';
import { fileNameOf, fileTypeOf } from './media-types.ts';

const bytesARead = 1024 * 1024;
/** A reader is held up rather than broken off while a service starts again. */
const readPatienceMs = 20_000;

/** Serves the file of a completed export, whole or a range of it. */
@Injectable()
export class ExportFile {
  constructor(private readonly bus: BusCaller) {}

  async send(request: AuthenticatedRequest, reply: FastifyReply, exportId: string): Promise<void> {
    const job = await this.bus.ask(request, getExport, { exportId });
    if (job.state !== 'completed' || job.digest === null)
      throw new KeyportError('EXPORT_NOT_READY', { exportId, state: job.state });
    const etag = `"${job.digest.replace(/^sha-256=:|:$/g, '')}"`;
    describeFile(reply, job, etag);
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      await reply.status(304).send();
      return;
    }
    const range = this.rangeFor(request, reply, job, etag);
    const { start, end } = range ?? { start: 0, end: job.bytes - 1 };
    if (range) void reply.status(206).header('content-range', `bytes ${start}-${end}/${job.bytes}`);
    void reply.header('content-length', end - start + 1);
    const isBodiless = request.method === 'HEAD' || job.bytes === 0;
    // An empty stream rather than an empty text: of a text Fastify would put its own length into the headers.
    await reply.send(isBodiless ? Readable.from([]) : this.read(request, exportId, { start, end }));
  }

  private rangeFor(
    request: AuthenticatedRequest,
    reply: FastifyReply,
    job: Export,
    etag: string,
  ): ByteRange | undefined {
    const { range, 'if-range': ifRange } = request.headers;
    try {
      // HEAD describes the file; a range is for GET alone (RFC 9110 §14.2).
      return request.method === 'HEAD'
        ? undefined
        : rangeOf({ range, ifRange: ifRange as string | undefined }, job.bytes, etag);
    } catch (error) {
      void reply.removeHeader('content-disposition').header('content-range', `bytes */${job.bytes}`);
      throw error;
    }
  }

  private read(request: AuthenticatedRequest, exportId: string, { start, end }: ByteRange): Readable {
    const readPart = (offset: number) =>
      this.bus.ask(
        request,
        readExportFile,
        { exportId, offset, length: Math.min(bytesARead, end + 1 - offset) },
        { retryForMs: readPatienceMs },
      );
    return Readable.from(readAhead(readPart, start, end), { objectMode: true, highWaterMark: 1 });
  }
}

/** Asks for the next part while this one is being sent. */
async function* readAhead(
  readPart: (offset: number) => Promise<{ bytes: Uint8Array }>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let pending = readPart(start);
  for (let offset = start; offset <= end;) {
    const { bytes } = await pending;
    if (bytes.length === 0)
      throw new KeyportError('INTERNAL', {}, { cause: new Error('The file is shorter than its record says.') });
    offset += bytes.length;
    if (offset <= end) {
      pending = readPart(offset);
      pending.catch(() => undefined);
    }
    yield bytes;
  }
}

function describeFile(reply: FastifyReply, job: Export, etag: string): void {
  void reply
    .type(fileTypeOf(job))
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('repr-digest', job.digest)
    .header('content-disposition', `attachment; filename="${fileNameOf(job)}"`);
}
