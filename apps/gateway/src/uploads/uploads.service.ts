import { requireRight } from '@keyport/access';
import {
  acknowledgeUpload,
  cancelImport,
  createImport,
  getUpload,
  KeyportError,
  resumeUpload,
  type UploadView,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { contentLengthOf, requireWriteScopes } from '../imports/import-request.ts';
import { bodyOf } from '../spool/request-body.ts';
import { patiently, Spooling } from '../spool/spooling.service.ts';
import { CheckedBodies } from './checked-body.ts';
import {
  checksumOf,
  requireTusBody,
  toldLengthOf,
  uploadLengthOf,
  uploadOffsetOf,
  type Checksum,
} from './tus-headers.ts';
import { describedUpload } from './upload-metadata.ts';

interface Begun {
  readonly importId: string;
  readonly epoch: number;
  readonly reservedBytes: number;
  readonly offset: number;
  /** Of the whole; null while nobody has said it. */
  readonly length: number | null;
}

/** Resumable uploads: each request brings some more of a file, from where the one before came to. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly bus: BusCaller,
    private readonly spooling: Spooling,
    private readonly checked: CheckedBodies,
  ) {}

  async create(request: AuthenticatedRequest): Promise<UploadView & { readonly id: string }> {
    const { headers, user } = request;
    const length = uploadLengthOf(headers);
    const { metadata, ...described } = describedUpload(headers['upload-metadata'] as string | undefined);
    requireRight(user, 'imports:create', described.dataset);
    requireWriteScopes(request, described.dataset, described.options);
    const brings = headers['content-type'] !== undefined;
    if (brings) requireTusBody(headers);
    const checksum = brings ? checksumOf(headers) : undefined;
    return this.checkedBody(request, brings, checksum, async (body) => {
      const created = await this.bus.ask(request, createImport, {
        ...described,
        contentLength: length ?? undefined,
        resumable: { length, metadata },
      });
      const view = await this.append(request, { ...created, offset: 0, length }, body);
      return { id: created.importId, ...view };
    });
  }

  find(request: AuthenticatedRequest, importId: string): Promise<UploadView> {
    return this.bus.ask(request, getUpload, { importId }, patiently);
  }

  async goOn(request: AuthenticatedRequest, importId: string): Promise<UploadView> {
    const { headers } = request;
    requireTusBody(headers);
    const offset = uploadOffsetOf(headers);
    const told = toldLengthOf(headers);
    const bytes = contentLengthOf(request);
    return this.checkedBody(request, true, checksumOf(headers), async (body) => {
      const asked = { importId, offset, length: told, bytes };
      const resumed = await this.bus.ask(request, resumeUpload, asked, patiently);
      return this.append(request, { ...resumed, offset }, body);
    });
  }

  /** An upload that is whole already ends with its import; one that has ended is gone. */
  async terminate(request: AuthenticatedRequest, importId: string): Promise<void> {
    const { state } = await this.find(request, importId);
    const cancelled = await this.bus.ask(request, cancelImport, { importId }, patiently).catch(goneWith(state));
    if (cancelled.state !== 'cancelled') throw new KeyportError('UPLOAD_GONE', { state: cancelled.state });
  }

  private checkedBody<Result>(
    request: AuthenticatedRequest,
    brings: boolean,
    checksum: Checksum | undefined,
    use: (body: AsyncIterable<Buffer>) => Promise<Result>,
  ): Promise<Result> {
    if (!brings) return use(one(Buffer.alloc(0)));
    return checksum ? this.checked.with(bodyOf(request), checksum, (bytes) => use(one(bytes))) : use(bodyOf(request));
  }

  private async append(request: AuthenticatedRequest, begun: Begun, body: AsyncIterable<Buffer>): Promise<UploadView> {
    const { importId, epoch, reservedBytes, offset, length: whole } = begun;
    const rest = atMost((whole ?? Infinity) - offset, whole ?? 0, body);
    const length = await this.spooling.add(request, { importId, epoch, reservedBytes, offset }, rest);
    return this.bus.ask(request, acknowledgeUpload, { importId, epoch, length }, patiently);
  }
}

/** An import that has ended cannot be cancelled. */
const goneWith = (state: string) => (error: unknown) => {
  if (!(error instanceof KeyportError) || error.code !== 'IMPORT_STATE') throw error;
  throw new KeyportError('UPLOAD_GONE', { state: String(error.params.state ?? state) });
};

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Throws UPLOAD_TOO_LARGE where more comes than the upload may have. */
async function* atMost(bytes: number, limitBytes: number, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const part of body) {
    left -= part.length;
    if (left < 0) throw new KeyportError('UPLOAD_TOO_LARGE', { limitBytes });
    yield part;
  }
}
