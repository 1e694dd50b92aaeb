import { limitsText, type Caller } from '@keyport/access';
import {
  createGrant,
  jobId,
  KeyportError,
  type createExport,
  type Export,
  type getExportProgress,
  type listExports,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { filledPage, newJobId, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { checkReadable } from '../reading/check-readable.ts';
import { DatasetReader } from '../reading/dataset-reader.service.ts';
import type { ExportView } from './export.model.ts';
import { ExportRunner } from './export-runner.service.ts';
import { ExportRoom } from './export-room.service.ts';
import { isVisible, perhapsVisible, requireEnding, requireVisible } from './export-visibility.ts';
import { ExportsRepository } from './exports.repository.ts';
import { orFull } from './disk-full.ts';
import { presentExport } from './present-export.ts';

@Injectable()
export class ExportsService {
  constructor(
    private readonly exports: ExportsRepository,
    private readonly room: ExportRoom,
    private readonly runner: ExportRunner,
    private readonly reader: DatasetReader,
    private readonly requester: Requester,
  ) {}

  async create({ dataset, ...selection }: RequestOf<typeof createExport>, caller: Caller): Promise<Export> {
    caller.require('exports:create', dataset);
    checkReadable(selection);
    const _id = newJobId();
    const grant = await this.grantFor(_id, dataset, caller);
    // With the grant itself, so that a job that could not read fails now: no such dataset, fields that collide.
    const datasetId = await this.reader.probe(dataset, selection, { authority: grant });
    const now = new Date();
    const limits = limitsText(caller.limitsOn('exports:create', dataset));
    const created = { _id, dataset, datasetId, selection, grant, limits, createdAt: now, notBefore: now };
    const { creator } = caller;
    const found = await orFull(
      this.room.admit(creator, (session) => this.exports.create({ ...created, creator }, session)),
    );
    this.runner.notify();
    return presentExport(found);
  }

  async get(exportId: string, caller: Caller): Promise<Export> {
    return presentExport(await this.visible(exportId, caller));
  }

  async progress(exportId: string, caller: Caller): Promise<ReplyOf<typeof getExportProgress>> {
    const found = await this.visible(exportId, caller);
    return { sequence: found.sequence, export: presentExport(found) };
  }

  async list(request: RequestOf<typeof listExports>, caller: Caller): Promise<ReplyOf<typeof listExports>> {
    const { dataset, state, createdAfter, createdBefore, limit, cursor } = request;
    const filter = {
      dataset,
      states: typeof state === 'string' ? [state] : state,
      createdAfter: dateOf(createdAfter),
      createdBefore: dateOf(createdBefore),
    };
    const visible = perhapsVisible(caller);
    const { items, next } = await filledPage({
      ...{ limit, after: readCursor(jobId, cursor) },
      find: (after, wanted) => this.exports.list({ visible, ...filter, after, limit: wanted }),
      isShown: (job) => isVisible(job, caller),
      keyOf: ({ _id }) => _id,
    });
    return { items: items.map(presentExport), next };
  }

  /** At once; its file goes too as far as it was written. Throws EXPORT_STATE where it ended otherwise. */
  async cancel(exportId: string, caller: Caller): Promise<Export> {
    requireEnding(await this.exports.find(exportId), caller, exportId);
    if (await this.exports.cancel(exportId)) {
      this.runner.stop(exportId);
      await this.exports.free(exportId);
    }
    const ended = requireEnding(await this.exports.find(exportId), caller, exportId);
    if (ended.state !== 'cancelled') throw new KeyportError('EXPORT_STATE', { exportId, state: ended.state });
    return presentExport(ended);
  }

  async delete(exportId: string, caller: Caller): Promise<void> {
    requireEnding(await this.exports.find(exportId), caller, exportId);
    await this.exports.hide(exportId);
    this.runner.stop(exportId);
    await this.exports.free(exportId);
  }

  private async grantFor(jobId: string, dataset: string, { authority }: Caller): Promise<string> {
    const request = { jobId, dataset, actions: ['exports:create'] };
    const { grant } = await this.requester.request(createGrant, request, { authority });
    return grant;
  }

  private async visible(exportId: string, caller: Caller): Promise<ExportView> {
    return requireVisible(await this.exports.find(exportId), caller, exportId);
  }
}

const dateOf = (instant: string | undefined): Date | undefined =>
  instant === undefined ? undefined : new Date(instant);
