import { getDataset, KeyportError, type ErrorParams } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { Interruption } from './interruption.service.ts';

/** Ends imports that rest while their dataset was deleted: nobody goes on with them, and their uploads take up room. */
@Injectable()
export class LostDatasets {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly requester: Requester,
    private readonly interruption: Interruption,
  ) {}

  async endImports(): Promise<void> {
    const ids = new Map<string, string | null>();
    for (const { _id, dataset, datasetId, grant } of await this.imports.resting()) {
      const id = ids.has(dataset) ? ids.get(dataset) : await this.idOf(dataset, grant);
      if (id === undefined) continue;
      ids.set(dataset, id);
      const params: ErrorParams = { dataset };
      if (id !== datasetId) await this.interruption.fail(_id, { code: 'DATASET_NOT_FOUND', params });
    }
  }

  /** Of the dataset that has the name now; null where none has. Undefined where nobody says, or not to this grant. */
  private async idOf(name: string, grant: string): Promise<string | null | undefined> {
    try {
      return (await this.requester.request(getDataset, { name }, { authority: grant })).id;
    } catch (error) {
      return error instanceof KeyportError && error.code === 'DATASET_NOT_FOUND' ? null : undefined;
    }
  }
}
