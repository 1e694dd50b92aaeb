import { hash } from 'node:crypto';
import { limitsText, type Caller } from '@keyport/access';
import {
  changingAction,
  createGrant,
  createImport,
  getDataset,
  type DatasetAction,
  type ImportOptions,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { isDuplicateKey, newJobId } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { chunkLimitsOf, readingOptionsOf } from '../parsing/reading-options.ts';
import { ConcurrentImports, isSeatTaken } from '../quotas/concurrent-imports.service.ts';
import { QuotasService } from '../quotas/quotas.service.ts';
import { SpoolRoom } from '../intake/spool-room.service.ts';
import type { ImportDocument } from './import.model.ts';
import { ImportsRepository, type NewImport } from './imports.repository.ts';

type CreateImport = RequestOf<typeof createImport>;

/** What decides which rights an import takes. */
interface Writing {
  readonly dataset: string;
  readonly options: Pick<ImportOptions, 'mode'>;
}

/** What an import asks for before it is known what it will be. */
export interface Asked {
  readonly dataset: string;
  readonly actions: DatasetAction[];
  readonly contentLength: number | undefined;
}

/** What it was given then. */
export interface Accepted {
  readonly importId: string;
  readonly creator: string;
  readonly grant: string;
  readonly limits: string | null;
  readonly dataset: ReplyOf<typeof getDataset>;
}

/** An import as it is asked for, before it takes of what there is not enough of for all. */
export type Unseated = Omit<NewImport, 'reserved' | 'seat' | 'ownSeat'>;

/** Turns a request for an import into a stored one that may run without its creator's token. */
@Injectable()
export class AcceptanceService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly requester: Requester,
    private readonly quotas: QuotasService,
    private readonly concurrent: ConcurrentImports,
    private readonly room: SpoolRoom,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  /**
   * Throws INSUFFICIENT_SCOPE, DATASET_NOT_FOUND, VALIDATION_FAILED for options that do not go together,
   * QUOTA_EXCEEDED, TOO_MANY_IMPORTS, TOO_MANY_IMPORTS_IN_ALL, SPOOL_FULL and UPLOAD_EXCEEDS_SPOOL.
   */
  async accept(request: CreateImport, caller: Caller): Promise<ImportDocument> {
    const { dataset, contentLength } = request;
    const asked = { dataset, contentLength, actions: this.requireRights(request, caller) };
    for (;;) {
      try {
        await this.requireRoom(request);
        return await this.store(newJobId(), asked, caller, (given) =>
          describe(request, given, this.config.KEYPORT_IMPORT_CHUNK_ROWS),
        );
      } catch (error) {
        // Another import has this id: its rows' `_id`s begin with it, so this one takes another. Or the idempotency key
        // was used just now, which whoever asked looks into.
        if (!isDuplicateKey(error) || request.idempotencyKey !== undefined) throw error;
      }
    }
  }

  /** Throws INSUFFICIENT_SCOPE. */
  requireRights(writing: Writing, caller: Caller): DatasetAction[] {
    const actions = actionsOf(writing);
    for (const action of actions) caller.require(action, writing.dataset);
    return actions;
  }

  /** Also throws MongoDB's duplicate key error, where another import has the id, and what `describe` throws. */
  async store(
    importId: string,
    { dataset: name, actions, contentLength }: Asked,
    caller: Caller,
    describe: (given: Accepted) => Unseated,
  ): Promise<ImportDocument> {
    // Nobody is asked for an import that has no seat.
    await this.concurrent.seatsFor(caller);
    const { grant } = await this.requester.request(
      createGrant,
      { jobId: importId, dataset: name, actions },
      { authority: caller.authority },
    );
    // Asked with the grant: to import into a dataset one need not be allowed to read its definition.
    const dataset = await this.requester.request(getDataset, { name }, { authority: grant });
    const limits = limitsText(caller.limitsOn('imports:create', name));
    const accepted = describe({ importId, creator: caller.creator, grant, limits, dataset });
    for (;;) {
      // Of many that begin at once few choose the same seat where each looks right before it takes one.
      const seats = await this.concurrent.seatsFor(caller);
      try {
        return await this.quotas.admit(caller, contentLength, (reserved, session) =>
          this.imports.create({ ...accepted, ...seats, reserved }, session),
        );
      } catch (error) {
        if (!isSeatTaken(error)) throw error;
      }
    }
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
function actionsOf({ options }: Writing): DatasetAction[] {
  const changing = changingAction[options.mode];
  return changing ? ['imports:create', changing] : ['imports:create'];
}

function describe(request: CreateImport, { importId, creator, grant, limits, dataset }: Accepted, chunkRows: number) {
  const { options } = request;
  const reading = { ...readingOptionsOf(request, dataset.schema), ...chunkLimitsOf(options.mode, chunkRows) };
  return {
    _id: importId,
    creator,
    grant,
    limits,
    dataset: request.dataset,
    datasetId: dataset.id,
    format: request.format,
    contentEncoding: request.contentEncoding,
    readingText: JSON.stringify(reading),
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
