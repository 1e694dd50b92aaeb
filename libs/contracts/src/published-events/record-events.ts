import { z } from 'zod';
import { datasetId, datasetName, fieldPath } from '../shapes.ts';
import { defineEvent } from './define-event.ts';

/** One made anew under the same name has another id. */
const dataset = z.object({ dataset: datasetName, datasetId });

export const datasetCreated = defineEvent(
  'keyport.dataset.created',
  'There is a dataset of this name now.',
  dataset
    .extend({
      key: z.array(fieldPath).nullable(),
      /** Its records are in a collection of the team's own. */
      mapped: z.boolean(),
    })
    .meta({ id: 'DatasetCreatedEvent' }),
);

export const datasetAspect = z.enum(['key', 'schema', 'indexes', 'trackChanges']);
export type DatasetAspect = z.output<typeof datasetAspect>;

export const datasetChanged = defineEvent(
  'keyport.dataset.changed',
  'What was said of it changed, not its records; ask for it to see how.',
  dataset.extend({ changed: z.array(datasetAspect).min(1) }).meta({ id: 'DatasetChangedEvent' }),
);

export const datasetDeleted = defineEvent(
  'keyport.dataset.deleted',
  'The dataset is gone with its records; those of a mapped one stay in their collection.',
  dataset.meta({ id: 'DatasetDeletedEvent' }),
);

export const recordsChanged = defineEvent(
  'keyport.records.changed',
  'So many records were written through Keyport since the event before, by whatever way; about one event a second.',
  dataset
    .extend({
      inserted: z.number().int().nonnegative(),
      updated: z.number().int().nonnegative(),
      deleted: z.number().int().nonnegative(),
    })
    .meta({ id: 'RecordsChangedEvent' }),
);
