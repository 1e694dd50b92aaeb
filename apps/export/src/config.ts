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
  /** Exports of one key, or of one person's sessions, that wait or run; one more is refused with 429. */
  KEYPORT_EXPORTS_UNFINISHED_PER_HOLDER: z.coerce.number().int().min(1).default(100),
  /** The same of all together. */
  KEYPORT_EXPORTS_UNFINISHED: z.coerce.number().int().min(1).default(1_000),
  /** Bytes of all files together; beyond them exports are refused, or fail, with EXPORTS_FULL. */
  KEYPORT_EXPORTS_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(64 * 1024 ** 3),
});
export type ExportConfig = z.output<typeof exportConfig>;

export const readConfig = (): ExportConfig => loadConfig(exportConfig);
