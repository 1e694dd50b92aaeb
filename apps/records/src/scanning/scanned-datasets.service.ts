import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { ScanRepository } from './scan.repository.ts';

/** A dataset, and what tells it and the collection that it is now from all others. */
export interface ScannedDataset {
  readonly dataset: DatasetDefinition;
  readonly datasetId: string;
}

/** Sees to it that all pages of a scan are of one dataset, and of one collection where it is mapped. */
@Injectable()
export class ScannedDatasets {
  constructor(
    private readonly datasets: DatasetService,
    private readonly scans: ScanRepository,
  ) {}

  /** Throws DATASET_NOT_FOUND, and COLLECTION_REPLACED where another collection is asked for. */
  async existing(name: string, asked: string | undefined): Promise<ScannedDataset> {
    const dataset = await this.datasets.existing(name);
    const datasetId = await this.scans.identityOf(dataset);
    if (asked === undefined || asked === datasetId || asked === dataset.id) return { dataset, datasetId };
    const isMapped = datasetId !== dataset.id;
    throw new KeyportError(isMapped ? 'COLLECTION_REPLACED' : 'DATASET_NOT_FOUND', { dataset: name });
  }

  /** A collection that was dropped meanwhile looks like one that ends here: an export must not take it for whole. */
  async requireSame({ dataset, datasetId }: ScannedDataset): Promise<void> {
    const now = await this.existing(dataset._id, datasetId);
    if (now.dataset.collectionName !== dataset.collectionName) throw new KeyportError('CURSOR_INVALID');
  }
}
