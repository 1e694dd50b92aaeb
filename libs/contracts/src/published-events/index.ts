import type { EventContract } from './define-event.ts';
import * as exports from './export-events.ts';
import * as imports from './import-events.ts';
import * as keys from './key-events.ts';
import * as records from './record-events.ts';

export type { EventContract } from './define-event.ts';
export * from './export-events.ts';
export * from './import-events.ts';
export * from './key-events.ts';
export * from './record-events.ts';

/** All that Keyport publishes on `events.v1.>`, by what it is about. */
export const publishedEvents: Readonly<
  Record<'import' | 'export' | 'dataset' | 'records' | 'key', readonly EventContract[]>
> = {
  import: [
    imports.importCompleted,
    imports.importFailed,
    imports.importCancelled,
    imports.importExpired,
    imports.importUndone,
  ],
  export: [exports.exportCompleted, exports.exportFailed, exports.exportCancelled, exports.exportExpired],
  dataset: [records.datasetCreated, records.datasetChanged, records.datasetDeleted],
  records: [records.recordsChanged],
  key: [keys.keyCreated, keys.keyChanged, keys.keyRotated, keys.keyRevoked],
};

const byType = new Map(Object.values(publishedEvents).flatMap((events) => events.map((event) => [event.type, event])));

/** Undefined for a type that this version does not know. */
export const eventOfType = (type: string): EventContract | undefined => byType.get(type);
