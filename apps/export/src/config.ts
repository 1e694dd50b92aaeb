import { loadConfig, storedServiceConfig } from '@keyport/service';
import { z } from 'zod';

export const exportConfig = storedServiceConfig.extend({
  /** Seconds that a completed export's file is kept. */
  EXPORT_KEEP_SECONDS: z.coerce.number().int().min(1).default(24 * 3600),
  /** Exports that one process writes at the same time; each holds about 15 MB. */
  EXPORT_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(4),
});
export type ExportConfig = z.output<typeof exportConfig>;

export const readConfig = (): ExportConfig => loadConfig(exportConfig);
