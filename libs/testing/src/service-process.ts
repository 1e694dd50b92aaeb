import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@keyport/contracts';

const workspace = fileURLToPath(new URL('../../..', import.meta.url));

export type Environment = Readonly<Record<string, string | undefined>>;

/** A service of this workspace as a process of its own, run from its sources as a launcher would, to be killed. */
export class ServiceProcess {
  /** Resolves once it serves; rejects, with what it printed, where it ends before. */
  readonly ready: Promise<void>;
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private printed = '';

  /** Its environment is just the given one. */
  constructor(
    private readonly service: ServiceName,
    env: Environment,
  ) {
    const command = ['--import', './tools/build/src/register.mjs', `apps/${service}/src/main.ts`];
    this.child = spawn(process.execPath, command, { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const collect = (data: Buffer) => (this.printed += data.toString());
    this.child.stdout?.on('data', collect);
    this.child.stderr?.on('data', collect);
    // By then all is read that it printed.
    this.exited = once(this.child, 'close');
    this.ready = this.untilReady();
    // Whoever does not wait for it may still end it before it is ready.
    this.ready.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** All that it printed so far. */
  output(): string {
    return this.printed;
  }

  /** Stops it in the middle of what it does, as a machine does that sleeps. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Resolves once it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.exited;
  }

  private async untilReady(): Promise<void> {
    const ended = this.exited.then(() => {
      throw new Error(`${this.service} ended before it served:\n${this.printed}`);
    });
    await Promise.race([once(this.child, 'message'), ended]);
  }
}
