import { hash } from 'node:crypto';
import { limitsText, type Caller } from '@keyport/access';
import {
  changingAction,
  createGrant,
  createImport,
  getDataset,
  type DatasetAction,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { isDuplicateKey, newJobId } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { readingOptionsOf } from '../parsing/reading-options.ts';
import { ConcurrentImports, isSeatTaken } from '../quotas/concurrent-imports.service.ts';
import { QuotasService } from '../quotas/quotas.service.ts';
import { SpoolRoom } from '../intake/spool-room.service.ts';
import type { ImportDocument } from './import.model.ts';
import { ImportsRepository } from './imports.repository.ts';

type CreateImport = RequestOf<typeof createImport>;

/** Turns a request for an import into a stored one that may run without its creator's token. */
@Injectable()
export class AcceptanceService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly requester: Requester,
    private readonly quotas: QuotasService,
    private readonly concurrent: ConcurrentImports,
    private readonly room: SpoolRoom,
  ) {}

  /**
   * Throws INSUFFICIENT_SCOPE, DATASET_NOT_FOUND, VALIDATION_FAILED for options that do not go together,
   * QUOTA_EXCEEDED, TOO_MANY_IMPORTS, TOO_MANY_IMPORTS_IN_ALL, SPOOL_FULL and UPLOAD_EXCEEDS_SPOOL.
   */
  async accept(request: CreateImport, caller: Caller): Promise<ImportDocument> {
    const actions = this.requireRights(request, caller);
    for (;;) {
      try {
        return await this.store(newJobId(), actions, request, caller);
      } catch (error) {
        if (isSeatTaken(error)) continue;
        // Another import has this id: its rows' `_id`s begin with it, so this one takes another. Or the idempotency key
        // was used just now, which whoever asked looks into.
        if (!isDuplicateKey(error) || request.idempotencyKey !== undefined) throw error;
      }
    }
  }

  /** Throws INSUFFICIENT_SCOPE. */
  requireRights(request: CreateImport, caller: Caller): DatasetAction[] {
    const actions = actionsOf(request);
    for (const action of actions) caller.require(action, request.dataset);
    return actions;
  }

  private async store(
    importId: string,
    actions: DatasetAction[],
    request: CreateImport,
    caller: Caller,
  ): Promise<ImportDocument> {
    await this.requireRoom(request);
    const seats = await this.concurrent.seatsFor(caller);
    const { grant } = await this.requester.request(
      createGrant,
      { jobId: importId, dataset: request.dataset, actions },
      { authority: caller.authority },
    );
    // Asked with the grant: to import into a dataset one need not be allowed to read its definition.
    const dataset = await this.requester.request(getDataset, { name: request.dataset }, { authority: grant });
    const limits = limitsText(caller.limitsOn('imports:create', request.dataset));
    const accepted = describe(request, { importId, creator: caller.creator, grant, limits, dataset });
    return this.quotas.admit(caller, request.contentLength, (reserved, session) =>
      this.imports.create({ ...accepted, ...seats, reserved }, session),
    );
  }

  private requireRoom({ contentEncoding, verifiedFirst = false, contentLength = 0 }: CreateImport): Promise<void> {
    return this.room.requireForNew({ contentEncoding, verifiedFirst, state: 'receiving' }, contentLength);
  }
}

/** The same for two requests that ask for the same import, whatever their files are. */
export function requestDigestOf({ dataset, format, contentEncoding, options, verifiedFirst }: CreateImport): string {
  const sorted = Object.entries(options).sort(([one], [other]) => (one < other ? -1 : 1));
  return hash('sha256', JSON.stringify([dataset, format, contentEncoding, sorted, verifiedFirst ?? false]), 'hex');
}

/** docs/tokens.md: an import needs `imports:create`, and `records:update` or `records:delete` for what is stored. */
function actionsOf({ options }: CreateImport): DatasetAction[] {
  const changing = changingAction[options.mode];
  return changing ? ['imports:create', changing] : ['imports:create'];
}

interface Accepted {
  readonly importId: string;
  readonly creator: string;
  readonly grant: string;
  readonly limits: string | null;
  readonly dataset: ReplyOf<typeof getDataset>;
}

function describe(request: CreateImport, { importId, creator, grant, limits, dataset }: Accepted) {
  const { options } = request;
  return {
    _id: importId,
    creator,
    grant,
    limits,
    dataset: request.dataset,
    datasetId: dataset.id,
    format: request.format,
    contentEncoding: request.contentEncoding,
    readingText: JSON.stringify(readingOptionsOf(request, dataset.schema)),
    mode: options.mode,
    key: options.key ?? dataset.key ?? [],
    onError: options.onError,
    maxErrors: options.maxErrors ?? null,
    dryRun: options.dryRun ?? false,
    resumable: request.resumable !== undefined,
    uploadMetadata: request.resumable?.metadata ?? '',
    uploadLength: request.resumable?.length ?? null,
    expectedLength: request.contentLength ?? null,
    verifiedFirst: request.verifiedFirst ?? false,
    idempotencyKey: request.idempotencyKey ?? null,
    requestDigest: request.idempotencyKey === undefined ? null : requestDigestOf(request),
    schemaText: dataset.schema && JSON.stringify(dataset.schema),
  };
}
