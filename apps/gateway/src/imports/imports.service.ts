import { createImport, KeyportError, sealUpload, type Import, type ImportOptions } from '@keyport/contracts';
import { requireScope } from '@keyport/access';
import { Injectable } from '@nestjs/common';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { UploadPublisher } from '../uploads/upload-publisher.ts';
import { encodingOf, formatOf } from './import-request.ts';

/** Milliseconds over which a seal is repeated: the file is whole in the spool and only this word is missing. */
const sealPatienceMs = 30_000;

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
    // A request without any body has nothing for Fastify to parse.
    const body = (request.body ?? []) as AsyncIterable<Buffer>;
    const length = await this.uploads.publish(upload, body);
    const sealed = await this.bus.ask(request, sealUpload, { ...upload, length }, { retryForMs: sealPatienceMs });
    if (length === 0) throw new KeyportError('EMPTY_FILE');
    return sealed;
  }
}

function requireWriteScopes({ user }: AuthenticatedRequest, dataset: string, { mode }: ImportOptions): void {
  if (mode === 'upsert') requireScope(user.scopes, 'records:update', dataset);
}
