import type { JestResults } from './test-report.d.mts';

export function filesToRunAgain(ran: Map<string, { results: JestResults | undefined }>): Map<string, string[]>;
export function withSecondRun(
  first: JestResults,
  second: JestResults | undefined,
): { results: JestResults; flaky: string[] };
