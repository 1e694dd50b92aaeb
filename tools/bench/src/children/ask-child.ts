import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

type Outcome = { readonly result: unknown } | { readonly error: string };

/** Runs a file of this folder in a process of its own, for one request. */
export function askChild<Result>(file: string, request: object, signal: AbortSignal): Promise<Result> {
  const child = launch(file, {}, signal);
  return new Promise((resolve, reject) => {
    child.once('message', (outcome: Outcome) => {
      if ('result' in outcome) resolve(outcome.result as Result);
      else reject(new Error(outcome.error));
    });
    rejectOnEnd(child, file, reject);
    child.send(request);
  });
}

export interface ServerChild {
  readonly pid: number;
  readonly url: string;
  stop(): void;
}

/** Runs a file of this folder that listens on a free port, tells it, and serves until it is stopped. */
export function startServerChild(
  file: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ServerChild> {
  const child = launch(file, env, signal);
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) =>
      resolve({ pid: child.pid ?? 0, url: `http://127.0.0.1:${port}`, stop: () => void child.kill() }),
    );
    rejectOnEnd(child, file, reject);
  });
}

/** What is secret goes by environment or message, never by arguments, which every user of the machine can read. */
function launch(file: string, env: Readonly<Record<string, string>>, signal: AbortSignal): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { PATH: process.env.PATH, ...env },
    signal,
  });
}

function rejectOnEnd(child: ChildProcess, file: string, reject: (error: Error) => void): void {
  child.once('error', reject);
  child.once('exit', (code, by) => reject(new Error(`${file} ended with ${by ?? code} before it answered`)));
}
