/** True for the server's error 11000: a unique index refused the write (MongoDB manual, "Error Codes"). */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 11000;
}
