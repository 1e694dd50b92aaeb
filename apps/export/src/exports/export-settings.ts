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
}

export const defaultSettings = { pollMs: 1_000 } as const;
