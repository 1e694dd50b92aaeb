import { loadConfig, storedServiceConfig } from '@keyport/service';
import { z } from 'zod';
import { sourceAddresses } from './sources/source-settings.ts';

export const recordsConfig = storedServiceConfig.extend({
  /** Chunks that one process writes at the same time; the others wait. */
  RECORDS_WRITE_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(8),
  /** How long it is remembered that a record of a tracked dataset was changed. */
  RECORDS_CHANGES_KEEP_SECONDS: z.coerce.number().int().min(60).default(604_800),
  /** How long after a process was killed another one goes on following what changes. */
  RECORDS_CHANGES_LEASE_SECONDS: z.coerce.number().int().min(1).max(60).default(4),
  /** How long it is remembered at least which events were written, so that one which comes again changes nothing. */
  RECORDS_EVENTS_KEEP_SECONDS: z.coerce.number().int().min(604_800).default(604_800),
  /** Databases of the team's own that datasets may be mapped onto: a JSON object of addresses by name. */
  KEYPORT_SOURCES: sourceAddresses,
  /** Keyport's own database on the deployment of each source. */
  KEYPORT_LEDGER_DATABASE: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,38}$/)
    .default('keyport_ledger'),
});
export type RecordsConfig = z.output<typeof recordsConfig>;

export const readConfig = (): RecordsConfig => loadConfig(recordsConfig);
