import {
  createImport,
  getImport,
  KeyportError,
  refuseUpload,
  sealUpload,
  type Import,
  type ImportOptions,
  type ReplyOf,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { createHash, type Hash } from 'node:crypto';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { bodyOf } from '../spool/request-body.ts';
import { patiently, Spooling } from '../spool/spooling.service.ts';
import { ContentDigest } from './content-digest.ts';
import { contentLengthOf, encodingOf, formatOf, idempotencyKeyOf, requireWriteScopes } from './import-request.ts';
import { behind, requireSameFile } from './same-file.ts';

type Created = ReplyOf<typeof createImport>;

/** Takes a file in: announces the import, spools the body, and says when it is whole. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly bus: BusCaller,
    private readonly spooling: Spooling,
  ) {}

  async start(request: AuthenticatedRequest, dataset: string, options: ImportOptions): Promise<Import> {
    requireWriteScopes(request, dataset, options);
    const { headers } = request;
    const idempotencyKey = idempotencyKeyOf(headers['idempotency-key'] as string | undefined);
    const digest = ContentDigest.of(headers['content-digest'] as string | undefined);
    const created = await this.bus.ask(request, createImport, {
      dataset,
      format: formatOf(headers['content-type']),
      contentEncoding: encodingOf(headers['content-encoding']),
      options,
      contentLength: contentLengthOf(request),
      idempotencyKey,
      verifiedFirst: digest !== undefined,
    });
    const body = digest ? digest.over(bodyOf(request)) : bodyOf(request);
    if (created.finished !== undefined) return this.again(request, created, body);
    const prefix = idempotencyKey === undefined ? undefined : createHash('sha256');
    const file = await this.spool(request, created, body, prefix);
    await this.verify(request, created, digest);
    const { importId, epoch } = created;
    const sealed = await this.bus.ask(request, sealUpload, { importId, epoch, ...file }, patiently);
    if (file.length === 0) throw new KeyportError('EMPTY_FILE');
    return sealed;
  }

  /** Publishes what of the body was not sent before. */
  private async spool(
    request: AuthenticatedRequest,
    { importId, epoch, reservedBytes, resumed }: Created,
    body: AsyncIterable<Buffer>,
    prefix: Hash | undefined,
  ): Promise<{ readonly length: number; readonly digest?: string }> {
    const offset = resumed?.offset ?? 0;
    const rest = prefix && resumed ? behind({ importId, length: offset, digest: resumed.digest }, body, prefix) : body;
    const length = await this.spooling.add(request, { importId, epoch, reservedBytes, offset, prefix }, rest);
    return { length, ...(prefix && { digest: prefix.digest('hex') }) };
  }

  /** The import that the key stands for, whose whole file is there: it is that file again, or none of this import's. */
  private async again(request: AuthenticatedRequest, { importId, finished }: Created, body: AsyncIterable<Buffer>) {
    if (finished) await requireSameFile({ importId, ...finished }, body);
    return this.bus.ask(request, getImport, { importId }, patiently);
  }

  /** Throws CONTENT_DIGEST_MISMATCH; nothing of the upload was read then, and nothing will be. */
  private async verify(
    request: AuthenticatedRequest,
    { importId, epoch }: Created,
    digest: ContentDigest | undefined,
  ): Promise<void> {
    const algorithm = digest?.mismatch();
    if (algorithm === undefined) return;
    await this.bus.ask(request, refuseUpload, { importId, epoch, algorithm }, patiently);
    throw new KeyportError('CONTENT_DIGEST_MISMATCH', { algorithm });
  }
}
