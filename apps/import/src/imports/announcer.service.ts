import { importCompleted } from '@keyport/contracts';
import { EventPublisher } from '@keyport/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { ImportDocument } from './import.model.ts';
import { ImportsRepository } from './imports.repository.ts';

/** Tells the world which imports are completed, each at least once: the event's id is the import's. */
@Injectable()
export class Announcer {
  private readonly logger = new Logger('import');

  constructor(
    private readonly imports: ImportsRepository,
    private readonly events: EventPublisher,
  ) {}

  /** Also those that a process completed and was killed before it could tell. */
  async announceAll(): Promise<void> {
    for (const document of await this.imports.unannounced()) await this.announce(document);
  }

  private async announce({ _id: importId, dataset, counts, finishedAt }: ImportDocument): Promise<void> {
    try {
      const data = { importId, dataset, counts: { ...counts }, finishedAt: (finishedAt ?? new Date()).toISOString() };
      await this.events.publish(importCompleted, importId, importId, data);
      await this.imports.markAnnounced(importId);
    } catch (error) {
      this.logger.warn({ err: error, importId }, 'the completion was not announced yet');
    }
  }
}
