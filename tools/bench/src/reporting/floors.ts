/** Figures to reach (issues 4, 6 and 7), on the way to the design's goals. */
export const floors = {
  /** Times the bare script's speed. */
  import: 0.8,
  csvImport: 0.8,
  export: 1.5,
  csvExport: 1.5,
  fileExport: 1,
  /** Until a stream begins (issue 7). */
  firstByteMs: 100,
  /** Events from publishing to being written (issue 8). */
  eventsPerSecond: 5_000,
  /** `GET /v1/auth/me` (issue 5): times the requests a second of a bare Fastify route, and of the classical server. */
  ofFastify: 0.6,
  ofClassical: 10,
  /** Milliseconds that authentication adds at most (design, "Tokens, keys and rights"). */
  addedP50Ms: 0.3,
  addedP99Ms: 2,
  /** Times the seconds of a file, for one ten times as large (design, "Performance"). */
  tenTimesTheRows: 10.5,
  /** 10^6 bytes, of each of Keyport's Node processes, while files pass (issue 6) and while it is asked small things. */
  fileMemoryMb: 256,
  memoryMb: 300,
} as const;

export const nodeProcesses = ['gateway', 'auth', 'import', 'export', 'records'] as const;

export const verdict = (isReached: boolean): string => (isReached ? 'reached' : '**not reached**');
