import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { ChangeDeployments } from './change-deployments.ts';
import { ChangeHistories } from './change-histories.repository.ts';
import { placeNameOf, streamOf } from './change-history.ts';
import { changePipeline } from './stream-events.ts';
import { StreamStates } from './stream-states.repository.ts';

/** Switches on and off that a dataset keeps what changes. */
@Injectable()
export class ChangeTracking {
  constructor(
    private readonly deployments: ChangeDeployments,
    private readonly histories: ChangeHistories,
    private readonly states: StreamStates,
  ) {}

  /** Throws SOURCE_UNAVAILABLE where the dataset is in a source that does not answer, or lets nobody follow it. */
  async bring(dataset: DatasetDefinition, isTracked: boolean): Promise<void> {
    if (!isTracked) return this.histories.end(dataset);
    await this.tryStream(dataset);
    await this.states.add(streamOf(dataset.collectionName));
    await this.histories.start(dataset);
  }

  /** So that who asks for it hears now that a privilege is missing, not each reader later. */
  private tryStream({ collectionName }: DatasetDefinition): Promise<void> {
    return this.deployments.in(streamOf(collectionName), async (watched) => {
      const stream = watched.db.watch(changePipeline([placeNameOf(collectionName)]), { maxAwaitTimeMS: 1 });
      try {
        await stream.tryNext();
      } finally {
        await stream.close();
      }
    });
  }
}
