import {
  changingAction,
  createImport,
  getImport,
  KeyportError,
  refuseUpload,
  reserveUpload,
  sealUpload,
  type Import,
  type ImportOptions,
  type ReplyOf,
} from '@keyport/contracts';
import { requireScope } from '@keyport/access';
import { Injectable } from '@nestjs/common';
import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { UploadPublisher } from '../uploads/upload-publisher.ts';
import { ContentDigest } from './content-digest.ts';
import { contentLengthOf, encodingOf, formatOf, idempotencyKeyOf } from './import-request.ts';
import { behind, requireSameFile } from './same-file.ts';

type Created = ReplyOf<typeof createImport>;

/** A request in the middle of an upload is repeated for so long, rather than break off a file that may be large. */
export const patiently = { retryForMs: 30_000 };

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
    const reserve = async (length: number) => {
      const reply = await this.bus.ask(request, reserveUpload, { importId, epoch, length }, patiently);
      return reply.reservedBytes;
    };
    const offset = resumed?.offset ?? 0;
    const rest = prefix && resumed ? behind({ importId, length: offset, digest: resumed.digest }, body, prefix) : body;
    const length = await this.uploads.publish({ importId, epoch, reservedBytes, offset, prefix }, rest, reserve);
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

/**
 * The body, which stays open where an upload is broken off: a request that is destroyed takes its connection along, and the
 * client would never read why.
 */
export function bodyOf({ body }: AuthenticatedRequest): AsyncIterable<Buffer> {
  // A request without any body has nothing for Fastify to parse.
  return body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : Readable.from([]);
}

export function requireWriteScopes({ user }: AuthenticatedRequest, dataset: string, { mode }: ImportOptions): void {
  const changing = changingAction[mode];
  if (changing) requireScope(user.scopes, changing, dataset);
}
