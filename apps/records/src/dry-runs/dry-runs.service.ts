import type { Caller } from '@keyport/access';
import { KeyportError, type forgetDryRun, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { DryRuns } from './dry-runs.repository.ts';

@Injectable()
export class DryRunsService {
  constructor(private readonly dryRuns: DryRuns) {}

  /** Throws INSUFFICIENT_SCOPE where it is another job's. */
  async forget({ dataset, source }: RequestOf<typeof forgetDryRun>, caller: Caller): Promise<Record<string, never>> {
    caller.require('imports:create', dataset);
    if (caller.identity.jobId !== source) {
      throw new KeyportError('INSUFFICIENT_SCOPE', { scope: `imports:create:${dataset}` });
    }
    await this.dryRuns.forget(source);
    return {};
  }
}
