import { forgetDryRun } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { ImportDocument } from './import.model.ts';

@Injectable()
export class DryRunEnding {
  private readonly logger = new Logger('import');

  constructor(private readonly requester: Requester) {}

  /** Tells `records` that it need not remember any more what a dry run would have written; else that forgets by itself. */
  async tell({ _id: source, dataset, grant }: ImportDocument): Promise<void> {
    try {
      await this.requester.request(forgetDryRun, { dataset, source }, { authority: grant });
    } catch (error) {
      this.logger.warn({ err: error, importId: source }, 'the end of a dry run was not told');
    }
  }
}
