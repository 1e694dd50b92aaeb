import { z } from 'zod';

/** Counted by the gateway; a guard against runaways unless told. */
export const requestDefaults = {
  KEYPORT_REQUESTS_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(50_000),
  KEYPORT_REQUESTS_BURST: z.coerce.number().int().min(1).max(1_000_000).default(100_000),
};

/** Counted by import; by UTC day any number where unset. Bytes of uploads, as sent. */
export const importDefaults = {
  KEYPORT_IMPORTS_PER_DAY: z.coerce.number().int().min(0).optional(),
  KEYPORT_IMPORT_BYTES_PER_DAY: z.coerce.number().int().min(0).optional(),
  KEYPORT_CONCURRENT_IMPORTS: z.coerce.number().int().min(1).max(100_000).default(200),
};

/**
 * What each holder of tokens (a key, a public key, a person) may use where no limits of its own are set. Members for the
 * environment of the services that count it, and of auth, which lets only who may change users give more.
 */
export const usageDefaults = { ...requestDefaults, ...importDefaults };
