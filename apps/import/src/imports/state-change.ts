import { untoldEvent } from '@keyport/outbox';
import type { Model, QueryFilter } from 'mongoose';
import { eventOf } from './import-events.ts';
import type { ImportDocument } from './import.model.ts';
import { transitionOf, type ImportEvent } from './import-state.ts';

export interface StateChange {
  readonly event: ImportEvent;
  /** Beside that the event may happen in the state that it finds. */
  readonly condition: QueryFilter<ImportDocument>;
  readonly changes: Partial<ImportDocument>;
}

/** The import after the event; null, with nothing changed, where the event may not happen. */
export function changeState(
  imports: Model<ImportDocument>,
  importId: string,
  { event, condition, changes }: StateChange,
): Promise<ImportDocument | null> {
  const { from, to } = transitionOf(event);
  const told = eventOf(event);
  return imports
    .findOneAndUpdate(
      { ...condition, _id: importId, state: { $in: from } },
      {
        $set: { ...changes, state: to },
        $inc: { sequence: 1 },
        ...(told && { $push: { untold: untoldEvent(told) } }),
      },
      { returnDocument: 'after' },
    )
    .lean<ImportDocument>()
    .exec();
}
