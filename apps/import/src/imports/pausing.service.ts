import type { Caller } from '@keyport/access';
import { KeyportError, type getImportProgress, type Import, type ReplyOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { IntakeService } from '../intake/intake.service.ts';
import type { ImportDocument } from './import.model.ts';
import { finalStates } from './import-state.ts';
import { viewOf } from './import-view.ts';
import { ImportsRepository } from './imports.repository.ts';
import { PausingRepository } from './pausing.repository.ts';
import { requireControl, requireVisible } from './visibility.ts';

/** Longer than a holder in another process takes to see the pause and to count what it has sent. */
const pauseWaitMs = 1_500;

/** Lets an import rest and go on. The state alone decides, so that of two contradictory requests the later one holds. */
@Injectable()
export class PausingService {
  constructor(
    private readonly imports: ImportsRepository,
    private readonly pausing: PausingRepository,
    private readonly intake: IntakeService,
  ) {}

  /** Within a second; counts then name exactly what was written. */
  async pause(importId: string, caller: Caller): Promise<Import> {
    requireUnfinished(requireControl(await this.imports.find(importId), caller, importId));
    if (await this.pausing.pause(importId)) await this.intake.paused(importId, pauseWaitMs);
    // Told to end before it was told to pause.
    else if (!(await this.isPaused(importId))) await this.intake.ended(importId, pauseWaitMs);
    return viewOf(requireUnfinished(requireControl(await this.imports.find(importId), caller, importId)));
  }

  async resume(importId: string, caller: Caller): Promise<Import> {
    const found = requireUnfinished(requireControl(await this.imports.find(importId), caller, importId));
    const resumed = await this.pausing.resume(importId);
    if (resumed) this.intake.look();
    return viewOf(resumed ?? requireUnfinished((await this.imports.find(importId)) ?? found));
  }

  async progress(importId: string, caller: Caller): Promise<ReplyOf<typeof getImportProgress>> {
    const found = requireVisible(await this.imports.find(importId), caller, importId);
    return { sequence: found.sequence ?? 0, import: viewOf(found) };
  }

  private async isPaused(importId: string): Promise<boolean> {
    return (await this.imports.find(importId))?.state === 'paused';
  }
}

/** Throws IMPORT_STATE. */
function requireUnfinished(found: ImportDocument): ImportDocument {
  if (!finalStates.includes(found.state)) return found;
  throw new KeyportError('IMPORT_STATE', { importId: found._id, state: found.state });
}
