import {
  changingAction,
  createImport,
  KeyportError,
  reserveUpload,
  sealUpload,
  type Import,
  type ImportOptions,
} from '@keyport/contracts';
import { requireScope } from '@keyport/access';
import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { UploadPublisher } from '../uploads/upload-publisher.ts';
import { encodingOf, formatOf } from './import-request.ts';

/** A request in the middle of an upload is repeated for so long, rather than break off a file that may be large. */
const patiently = { retryForMs: 30_000 };

/** Takes a file in: announces the import, spools the body, and says when it is whole. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly bus: BusCaller,
    private readonly uploads: UploadPublisher,
  ) {}

  async start(request: AuthenticatedRequest, dataset: string, options: ImportOptions): Promise<Import> {
    requireWriteScopes(request, dataset, options);
    const { headers } = request;
    const contentLength = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
    const upload = await this.bus.ask(request, createImport, {
      dataset,
      format: formatOf(headers['content-type']),
      contentEncoding: encodingOf(headers['content-encoding']),
      options,
      contentLength,
    });
    const { importId, epoch } = upload;
    const reserve = async (length: number) => {
      const reply = await this.bus.ask(request, reserveUpload, { importId, epoch, length }, patiently);
      return reply.reservedBytes;
    };
    const length = await this.uploads.publish(upload, bodyOf(request), reserve);
    const sealed = await this.bus.ask(request, sealUpload, { importId, epoch, length }, patiently);
    if (length === 0) throw new KeyportError('EMPTY_FILE');
    return sealed;
  }
}

/**
 * The body, which stays open where an upload is broken off: a request that is destroyed takes its connection along, and the
 * client would never read why.
 */
function bodyOf({ body }: AuthenticatedRequest): AsyncIterable<Buffer> {
  // A request without any body has nothing for Fastify to parse.
  return body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : Readable.from([]);
}

function requireWriteScopes({ user }: AuthenticatedRequest, dataset: string, { mode }: ImportOptions): void {
  const changing = changingAction[mode];
  if (changing) requireScope(user.scopes, changing, dataset);
}
