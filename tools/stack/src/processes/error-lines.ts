interface LogEntry {
  /** pino's: 50 and more are errors. */
  readonly level?: number;
  readonly err?: { readonly message?: string };
  /** mongod's: E and F are errors. */
  readonly s?: string;
  readonly msg?: string;
}

const errorLevel = 50;

/** Messages of the error entries in a log of JSON lines (pino's, mongod's). */
export const errorsIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const entry = entryIn(line);
    return entry && isError(entry) ? [messageOf(entry)] : [];
  });

/** What a program that ended early said of it: its errors, and what it printed besides its log (stack traces, usage). */
export const complaintsIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const entry = entryIn(line);
    if (entry) return isError(entry) ? [messageOf(entry)] : [];
    return line.trim() === '' || line.includes(' [INF] ') ? [] : [line];
  });

const isError = ({ level = 0, s = '' }: LogEntry) => level >= errorLevel || s === 'E' || s === 'F';

const messageOf = ({ msg, err }: LogEntry) =>
  [msg, err?.message].filter(Boolean).join(': ') || 'an error without a message';

function entryIn(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return undefined;
  }
}
