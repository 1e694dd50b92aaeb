export interface Report {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  /** Tests that failed, and passed in a second run. */
  flaky: string[];
}
interface Task {
  taskId: string;
  status: number;
}
export interface JestResults {
  numPassedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}
export function mergeResults(all: JestResults[]): JestResults;
export function emptyReport(): Report;
export function sum(reports: Report[]): Report;
export function reportOfTask(task: Task): Report;
export function reportOfJest(task: Task, results: JestResults | undefined): Report;
export function lastLine(report: Report): string;
