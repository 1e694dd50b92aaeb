import { forgetDryRun, importCompleted } from '@keyport/contracts';
import { EventPublisher, Requester } from '@keyport/messaging';
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
    private readonly requester: Requester,
  ) {}

  /** Also those that a process completed and was killed before it could tell. */
  async announceAll(): Promise<void> {
    for (const document of await this.imports.unannounced()) await this.announce(document);
  }

  private async announce(document: ImportDocument): Promise<void> {
    const importId = document._id;
    try {
      // Of a dry run nothing happened that the world could want to know of.
      if (!document.dryRun) await this.publish(document);
      await this.imports.markAnnounced(importId);
    } catch (error) {
      this.logger.warn({ err: error, importId }, 'the completion was not announced yet');
    }
  }

  private async publish({ _id: importId, dataset, counts, finishedAt }: ImportDocument): Promise<void> {
    const data = { importId, dataset, counts: { ...counts }, finishedAt: (finishedAt ?? new Date()).toISOString() };
    await this.events.publish(importCompleted, importId, importId, data);
  }

  /** Tells `records` that it need not remember any more what a dry run would have written; else that forgets by itself. */
  async endDryRun({ _id: source, dataset, grant }: ImportDocument): Promise<void> {
    try {
      await this.requester.request(forgetDryRun, { dataset, source }, { authority: grant });
    } catch (error) {
      this.logger.warn({ err: error, importId: source }, 'the end of a dry run was not told');
    }
  }
}
