import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { importModel, type ImportDocument } from './import.model.ts';
import { changeState } from './state-change.ts';

/** What is stored of a pause. Each update is conditional on the state, so that the last one stored decides. */
@Injectable()
export class PausingRepository {
  private readonly imports: Model<ImportDocument>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.imports = importModel(connection);
  }

  /** Also one that is held: the holder still counts what it has sent. Null where it is not running, or is to be ended. */
  pause(importId: string): Promise<ImportDocument | null> {
    return changeState(this.imports, importId, {
      event: 'pause',
      condition: { cancelRequestedAt: null, failRequested: null },
      changes: { touchedAt: new Date() },
    });
  }

  /** Null where it is not paused. */
  async resume(importId: string): Promise<ImportDocument | null> {
    const now = new Date();
    const changes = { touchedAt: now, notBefore: now };
    const unsealed = { event: 'resume', condition: { sealedLength: null }, changes } as const;
    const sealed = { event: 'resumeSealed', condition: { sealedLength: { $ne: null } }, changes } as const;
    // A seal is never taken back: what is sealed between the two is found by the second.
    return (await changeState(this.imports, importId, unsealed)) ?? changeState(this.imports, importId, sealed);
  }

  /** More of a paused upload is on its way: nobody reads it, who else would say so. */
  async touch(importId: string): Promise<void> {
    await this.imports.updateOne({ _id: importId, state: 'paused' }, { $set: { touchedAt: new Date() } });
  }
}
