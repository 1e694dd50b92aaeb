/** First figures to reach (issue 4); a later issue raises them to the design's goals. */
export const floors = {
  /** Times the bare script's speed. */
  import: 0.5,
  export: 1,
  /** `GET /v1/auth/me` (issue 5): times the requests a second of a bare Fastify route, and of the classical server. */
  ofFastify: 0.6,
  ofClassical: 10,
  /** Milliseconds that authentication adds at most (design, "Tokens, keys and rights"). */
  addedP50Ms: 0.3,
  addedP99Ms: 2,
  /** 10^6 bytes, of each of Keyport's Node processes. */
  memoryMb: 300,
} as const;

export const nodeProcesses = ['gateway', 'auth', 'import', 'export', 'records'] as const;

export const verdict = (isReached: boolean): string => (isReached ? 'reached' : '**not reached**');
