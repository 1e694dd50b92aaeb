import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AddressTakenError } from '../home/ports.ts';
import type { GuardLink } from './guard-link.ts';
import { complaintsIn } from './error-lines.ts';
import { openLog, readFrom } from './log-file.ts';

export interface ProcessPlan {
  /** For messages and the log, such as `import-2`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Takes what the child prints; without one it goes to the launcher's terminal. */
  readonly logFile?: string;
  /** Opens Node's IPC channel to the child. */
  readonly ipc?: boolean;
  /** Resolves once the child serves; the signal aborts when it has died or is told to stop. */
  untilReady(child: ChildProcess, signal: AbortSignal): Promise<void>;
  readonly readyWithinMs: number;
  /** What SIGTERM has not ended by then gets SIGKILL. */
  readonly endWithinMs: number;
}

export interface Surroundings {
  readonly guard: GuardLink;
  readonly log: (line: string) => void;
  /** Called whenever the pid has changed. */
  readonly onChange: () => void;
  /** Breaks off a start. */
  readonly signal?: AbortSignal | undefined;
}

const restartDelaysMs = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** One that ran this long before it died is started again without back-off. */
const stableMs = 10_000;
const firstStartAttempts = 3;
const shownLogBytes = 16 * 1024;
const shownLogLines = 8;
const shownLineChars = 500;
/** What mongod, nats-server and Node print alike (errno(3), EADDRINUSE). */
const addressTaken = /address already in use/i;

/** One child process, started again whenever it dies until it is told to stop. */
export class SupervisedProcess {
  readonly name: string;
  readonly #plan: ProcessPlan;
  readonly #around: Surroundings;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #startedAt = 0;
  /** Size of the log when the child was started. */
  #logStart = 0;
  #deaths = 0;

  constructor(plan: ProcessPlan, around: Surroundings) {
    this.name = plan.name;
    this.#plan = plan;
    this.#around = around;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get #isEnding(): boolean {
    return this.#stopping.signal.aborted || this.#around.signal?.aborted === true;
  }

  /**
   * Resolves once it serves; rejects when it died three times before it did, and with AddressTakenError at once where it
   * said that another program has its address.
   */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#launch();
      } catch (error) {
        if (attempt === firstStartAttempts || this.#isEnding || error instanceof AddressTakenError) throw error;
        await this.#backOff();
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), this.#plan.endWithinMs);
    await this.#exited;
    clearTimeout(killer);
  }

  async #launch(): Promise<void> {
    this.#stopping.signal.throwIfAborted();
    this.#startedAt = Date.now();
    const child = this.#spawn();
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
    this.#child = child;
    this.#exited = exited.then(() => this.#forget(child));
    if (child.pid !== undefined) this.#around.guard.watch(child.pid);
    this.#around.onChange();
    await this.#becomeReady(child, exited);
    void exited.then((how) => this.#revive(how));
  }

  #spawn(): ChildProcess {
    const { command, args, cwd, env, logFile, ipc } = this.#plan;
    const log = logFile === undefined ? undefined : openLog(logFile);
    this.#logStart = logFile === undefined ? 0 : statSync(logFile).size;
    const output = log ?? 'inherit';
    try {
      // Its own session: Ctrl-C in the terminal reaches the launcher alone, which ends the rest in order.
      return spawn(command, args, {
        detached: true,
        cwd,
        stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])],
        env: { ...env, ...this.#around.guard.childEnv },
      });
    } finally {
      if (log !== undefined) closeSync(log);
    }
  }

  async #becomeReady(child: ChildProcess, exited: Promise<string>): Promise<void> {
    const { name, readyWithinMs } = this.#plan;
    const over = new AbortController();
    const failure = Promise.race([
      exited,
      delay(readyWithinMs, `was not ready within ${readyWithinMs / 1_000} s`, { signal: over.signal }),
    ]);
    const signals = [over.signal, this.#stopping.signal, ...(this.#around.signal ? [this.#around.signal] : [])];
    const ready = this.#plan.untilReady(child, AbortSignal.any(signals));
    const outcome = await Promise.race([ready.then(() => undefined), failure.catch(() => undefined)]).catch(
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    over.abort();
    ready.catch(() => undefined);
    if (outcome === undefined) return;
    child.kill('SIGKILL');
    await this.#exited;
    const told = [`${name} ${outcome}`, ...this.#lastWords()].join('\n  ');
    throw addressTaken.test(this.#printed()) ? new AddressTakenError(told) : new Error(told);
  }

  /** The end of what it printed since it was started. */
  #printed(): string {
    const { logFile } = this.#plan;
    return logFile === undefined ? '' : readFrom(logFile, this.#logStart, shownLogBytes).text;
  }

  /** What it printed since it was started, where that tells why it ended. */
  #lastWords(): string[] {
    const { logFile } = this.#plan;
    if (logFile === undefined) return [];
    const complaints = complaintsIn(this.#printed());
    return [...complaints.slice(-shownLogLines).map((line) => line.slice(0, shownLineChars)), `log: ${logFile}`];
  }

  #forget(child: ChildProcess): void {
    if (child.pid !== undefined) this.#around.guard.forget(child.pid);
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#around.onChange();
  }

  async #revive(how: string): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#around.log([`${this.name} ${how}; it is started again`, ...this.#lastWords()].join('\n  '));
    if (Date.now() - this.#startedAt > stableMs) this.#deaths = 0;
    while (!this.#stopping.signal.aborted) {
      await this.#backOff();
      try {
        await this.#launch();
        this.#around.log(`${this.name} runs again (process ${this.pid})`);
        return;
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#around.log(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #backOff(): Promise<void> {
    const ms = restartDelaysMs[Math.min(this.#deaths, restartDelaysMs.length - 1)];
    this.#deaths += 1;
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
