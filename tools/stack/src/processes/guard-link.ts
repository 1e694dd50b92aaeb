import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { launcherVariable, processesWith } from './process-table.ts';

const guardFile = fileURLToPath(new URL('./guard.ts', import.meta.url));

/** The launcher's end of the pipe to its guard process (see guard.ts). */
export class GuardLink {
  /** Belongs into the environment of everything that the launcher starts. */
  readonly childEnv: Readonly<Record<string, string>>;
  readonly #launcher: string;
  readonly #watched = new Set<number>();
  #process: ChildProcess;
  #closing = false;

  constructor(home: string) {
    this.#launcher = `${home}#${process.pid}-${Date.now()}`;
    this.childEnv = { [launcherVariable]: this.#launcher };
    this.#process = this.#start();
  }

  watch(pid: number): void {
    this.#watched.add(pid);
    this.#send(`watch ${pid}`);
  }

  forget(pid: number): void {
    this.#watched.delete(pid);
    this.#send(`forget ${pid}`);
  }

  /** Processes of this launcher that run, known or not, narrowed by more of their environment (Linux alone can tell). */
  processesWith(variables: Readonly<Record<string, string>> = {}): number[] {
    const wanted = Object.entries({ ...this.childEnv, ...variables });
    return processesWith((env) => wanted.every(([name, value]) => env.get(name) === value));
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.ref();
    this.#process.stdin?.end();
    await ended;
  }

  #start(): ChildProcess {
    // A session of its own: Ctrl-C reaches the whole foreground group and must not end the guard.
    const child = spawn(process.execPath, [guardFile, this.#launcher], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
    });
    child.unref();
    // A guard that died shows in its exit event, which starts another.
    child.stdin?.on('error', () => undefined);
    child.on('error', () => undefined);
    child.once('exit', () => {
      if (!this.#closing) this.#process = this.#start();
    });
    for (const pid of this.#watched) child.stdin?.write(`watch ${pid}\n`);
    return child;
  }

  #send(line: string): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`${line}\n`);
  }
}

/** Processes that an earlier launcher of the same home folder left behind. */
export const orphansOf = (home: string): number[] =>
  processesWith((env) => env.get(launcherVariable)?.startsWith(`${home}#`) === true);
