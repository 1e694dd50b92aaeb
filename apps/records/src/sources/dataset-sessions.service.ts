import { Injectable } from '@nestjs/common';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { WriteSessions } from '../writing/write-sessions.ts';
import { sourceOf } from './place.ts';
import { Sources, type InSession } from './sources.service.ts';

/** The sessions that a dataset is written in: of the deployment that its records are on. */
@Injectable()
export class DatasetSessions {
  constructor(
    private readonly own: WriteSessions,
    private readonly sources: Sources,
    private readonly datasets: DatasetRepository,
  ) {}

  /**
   * Runs work in one of them. The dataset may be another one by then: `DatasetRepository.findIn` tells. Throws
   * SOURCE_UNAVAILABLE.
   */
  async use<Result>(dataset: string, work: InSession<Result>): Promise<Result> {
    // Where there are no sources, no chunk pays for the question.
    const collectionName = this.sources.areThere ? await this.datasets.collectionNameOf(dataset) : undefined;
    const source = collectionName === undefined ? null : sourceOf(collectionName);
    if (source === null) return this.own.use((session) => work(session, this.own));
    return this.sources.reaching(source, () => this.sources.use(source, work));
  }
}
