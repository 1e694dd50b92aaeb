import { Injectable } from '@nestjs/common';
import type { Failure } from '../imports/import.model.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { IntakeService } from './intake.service.ts';
import { SpoolPurge } from './spool-purge.service.ts';

/** Ends imports for a reason that lies outside of their file, wherever they are. */
@Injectable()
export class Interruption {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly intake: IntakeService,
    private readonly purge: SpoolPurge,
  ) {}

  /** At once where nobody holds it; else its holder counts first what is written. */
  async fail(importId: string, { code, params }: Failure): Promise<void> {
    if (await this.imports.failResting(importId, { code, params })) return this.purge.all(importId);
    await this.imports.requestFail(importId, { code, params });
    this.intake.run(importId)?.fail({ code, params });
  }
}
