import { loadConfig, storedServiceConfig } from '@keyport/service';
import { z } from 'zod';

export const exportConfig = storedServiceConfig.extend({
  /** Seconds that a completed export's file is kept. */
  EXPORT_KEEP_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(24 * 3600),
  /** Seconds after which the exports of a killed process go on elsewhere. */
  EXPORT_LEASE_SECONDS: z.coerce.number().int().min(1).default(10),
  /** Seconds between looks for files whose time is over. */
  EXPORT_SWEEP_SECONDS: z.coerce.number().int().min(1).default(10),
  /** Exports that one process writes at the same time; each holds about 15 MB. */
  EXPORT_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(4),
});
export type ExportConfig = z.output<typeof exportConfig>;

export const readConfig = (): ExportConfig => loadConfig(exportConfig);
