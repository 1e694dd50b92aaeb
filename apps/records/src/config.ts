import { loadConfig, storedServiceConfig } from '@keyport/service';
import { z } from 'zod';

export const recordsConfig = storedServiceConfig.extend({
  /** Chunks that one process writes at the same time; the others wait. */
  RECORDS_WRITE_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(8),
});
export type RecordsConfig = z.output<typeof recordsConfig>;

export const readConfig = (): RecordsConfig => loadConfig(recordsConfig);
