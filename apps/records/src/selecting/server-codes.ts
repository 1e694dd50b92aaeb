const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(error.code as number);

/** MongoDB manual, "Error Codes": MaxTimeMSExpired. */
export const isTimeExceeded = (error: unknown): boolean => hasCode(error, 50);

/** QueryExceededMemoryLimitNoDiskUseAllowed: a sort that needs more than 100 MB. */
export const isSortTooLarge = (error: unknown): boolean => hasCode(error, 292);

/** BadValue, as of an order by two lists at once; 51091 is a regular expression that PCRE does not take. */
export const isRefusedQuery = (error: unknown): boolean => hasCode(error, 2, 51091);
