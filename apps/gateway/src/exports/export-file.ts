import { Readable } from 'node:stream';
import { getExport, KeyportError, readExportFile } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { isKnownToClient } from './file-conditions.ts';
import { rangeOf, type ByteRange } from './file-range.ts';
import { storedFileOf, type StoredFile } from './stored-file.ts';

const bytesARead = 1024 * 1024;
/** A reader is held up rather than broken off while a service starts again. */
const readPatienceMs = 20_000;

/** Serves the file of a completed export, whole or a range of it. */
@Injectable()
export class ExportFile {
  constructor(private readonly bus: BusCaller) {}

  async send(request: AuthenticatedRequest, reply: FastifyReply, exportId: string): Promise<void> {
    const file = storedFileOf(await this.bus.ask(request, getExport, { exportId }, { retryForMs: readPatienceMs }));
    if (isKnownToClient(request.headers, file)) {
      await reply.status(304).headers(validatorsOf(file)).send();
      return;
    }
    const range = rangeFor(request, reply, file);
    const { start, end } = range ?? { start: 0, end: file.length - 1 };
    if (range) void reply.status(206).header('content-range', `bytes ${start}-${end}/${file.length}`);
    void reply.headers({ ...validatorsOf(file), ...descriptionOf(file), 'content-length': end - start + 1 });
    const isBodiless = request.method === 'HEAD' || file.length === 0;
    // An empty stream rather than an empty text: of a text Fastify would put its own length into the headers.
    await reply.send(isBodiless ? Readable.from([]) : this.read(request, file, { start, end }));
  }

  /** Every part is asked for with the rights of that moment; one that is refused breaks the connection. */
  private read(request: AuthenticatedRequest, { exportId }: StoredFile, { start, end }: ByteRange): Readable {
    const readPart = async (offset: number) => {
      const asked = { exportId, offset, length: Math.min(bytesARead, end + 1 - offset) };
      const { bytes } = await this.bus.ask(request, readExportFile, asked, { retryForMs: readPatienceMs });
      // It is being deleted.
      if (bytes.length === 0) throw new KeyportError('EXPORT_EXPIRED', { exportId });
      return bytes;
    };
    return Readable.from(readAhead(readPart, start, end), { objectMode: true, highWaterMark: 1 });
  }
}

/** HEAD describes the file; a range is for GET alone (RFC 9110 §14.2). */
function rangeFor({ method, headers }: AuthenticatedRequest, reply: FastifyReply, { length, etag }: StoredFile) {
  if (method === 'HEAD') return undefined;
  try {
    return rangeOf({ range: headers.range, ifRange: headers['if-range'] as string | undefined }, length, etag);
  } catch (error) {
    void reply.header('content-range', `bytes */${length}`);
    throw error;
  }
}

/** Asks for the next part while this one is being sent. */
async function* readAhead(
  readPart: (offset: number) => Promise<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let pending = readPart(start);
  for (let offset = start; offset <= end;) {
    const bytes = await pending;
    offset += bytes.length;
    if (offset <= end) {
      pending = readPart(offset);
      pending.catch(() => undefined);
    }
    yield bytes;
  }
}

/** What a 304 says too (RFC 9110 §15.4.5). */
const validatorsOf = ({ etag, lastModified }: StoredFile) => ({
  etag,
  'last-modified': lastModified.toUTCString(),
  'cache-control': 'private, no-store',
});

const descriptionOf = ({ digest, contentType, name }: StoredFile) => ({
  'content-type': contentType,
  'accept-ranges': 'bytes',
  'repr-digest': digest,
  'content-disposition': `attachment; filename="${name}"`,
  // The text is a team's own: no browser is to take it for a page.
  'x-content-type-options': 'nosniff',
});
