/** Injection token of {@link ExportSettings}. */
export const EXPORT_SETTINGS = Symbol('EXPORT_SETTINGS');

export interface ExportSettings {
  /** Milliseconds that a completed export's file is kept. */
  readonly keepMs: number;
  /** Exports that this process writes at the same time. */
  readonly concurrency: number;
  /** Milliseconds after which an export whose holder is silent is taken by another process. */
  readonly leaseMs: number;
  /** Milliseconds between looks for exports that other processes accepted or left behind. */
  readonly pollMs: number;
  /** Milliseconds between looks for files whose time is over. */
  readonly sweepMs: number;
  /** Exports of one holder (`Caller.creator`) that have not ended, at most. */
  readonly unfinishedOfHolder: number;
  /** The same of all holders together. */
  readonly unfinishedInAll: number;
  /** Bytes that all files together may have, those being written included. */
  readonly storedBytes: number;
}

export const defaultSettings = { pollMs: 1_000 } as const;
