import { importDefaults, loadConfig, storedServiceConfig } from '@keyport/service';
import { z } from 'zod';

const wholeNumber = z.coerce.number().int();
const MiB = 1024 * 1024;

export const importConfig = storedServiceConfig.extend({
  /** Room for all uploads that are not processed yet; a full spool refuses more (507). */
  KEYPORT_SPOOL_BYTES: wholeNumber.min(16 * MiB).default(8 * 1024 * MiB),
  /** Room for events that are not written yet. */
  KEYPORT_INGEST_BYTES: wholeNumber.min(MiB).default(1024 * MiB),
  /** And how many of one dataset: further ones are refused until some are written. */
  KEYPORT_INGEST_EVENTS: wholeNumber.min(1).default(200_000),
  /** Dead letters that are kept of one dataset, and twenty times as many in all; all are counted. */
  KEYPORT_DEAD_LETTERS_KEPT: wholeNumber.min(0).default(10_000),
  /** And so many bytes of them, about. */
  KEYPORT_DEAD_LETTERS_BYTES: wholeNumber.min(0).default(64 * MiB),
  /** A dead letter that nobody replayed or discarded goes after so long. */
  KEYPORT_DEAD_LETTERS_KEPT_SECONDS: wholeNumber.min(60).default(30 * 24 * 3600),
  /** What imports may hold in memory, in one process. */
  KEYPORT_IMPORT_MEMORY_BYTES: wholeNumber.min(8 * MiB).default(96 * MiB),
  /** Chunks that one process writes at the same time, all imports together. */
  KEYPORT_IMPORT_WRITES: wholeNumber.min(1).default(6),
  /** Rows of one chunk of an insert, which is 1 MiB of source at most; an import keeps what held when it was accepted. */
  KEYPORT_IMPORT_CHUNK_ROWS: wholeNumber.min(1).max(10_000).default(4_000),
  ...importDefaults,
  /** Imports of all holders together that have not ended. */
  KEYPORT_CONCURRENT_IMPORTS_IN_ALL: wholeNumber.min(1).max(100_000).default(1_000),
  /** Rejected rows of one import that are kept with their text; all are counted. */
  KEYPORT_REJECTS_KEPT: wholeNumber.min(0).default(100_000),
  /** And so many bytes of them, about. */
  KEYPORT_REJECTS_BYTES: wholeNumber.min(0).default(128 * MiB),
  /** A compressed upload may unpack to so many times its size; the codec lets the first 32 MiB pass. */
  KEYPORT_DECOMPRESSION_RATIO: wholeNumber.min(1).default(200),
  /** An upload that nothing was added to for so long expires. */
  KEYPORT_UPLOAD_EXPIRES_SECONDS: wholeNumber.min(1).default(24 * 3600),
  /** An upload that nothing was added to for so long is put aside and looked at from time to time. */
  KEYPORT_UPLOAD_IDLE_SECONDS: wholeNumber.min(1).default(30),
  /** The imports of a killed process, and the events it took, go on elsewhere after so long. */
  KEYPORT_IMPORT_LEASE_SECONDS: wholeNumber.min(2).default(10),
  /** A chunk that `records` says nothing about for so long is sent again: it may have been killed. */
  KEYPORT_IMPORT_ANSWER_SECONDS: wholeNumber.min(1).default(12),
});
export type ImportConfig = z.output<typeof importConfig>;

/** Injection token of the configuration. */
export const IMPORT_CONFIG = Symbol('IMPORT_CONFIG');

export const readConfig = (environment?: NodeJS.ProcessEnv): ImportConfig => loadConfig(importConfig, environment);
