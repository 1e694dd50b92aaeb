import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** A service of this workspace as a process of its own, run from its sources. */
export class ChildService {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves once the service says that it is ready. */
  static async start(app: string, env: Readonly<Record<string, string>>): Promise<ChildService> {
    const child = spawn(process.execPath, ['--import', './tools/build/src/register.mjs', `apps/${app}/src/main.ts`], {
      cwd: workspace,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let said = '';
    const keep = (text: Buffer) => (said = (said + text.toString()).slice(-8_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const { promise, resolve: ready, reject } = Promise.withResolvers<void>();
    child.once('message', () => ready());
    child.once('exit', (code, signal) => reject(new Error(`${app} ended with ${code ?? signal}: ${said}`)));
    await promise;
    return new ChildService(child);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Stops it in the middle of what it does, as a machine does that sleeps, and lets it go on. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Ends it as a launcher does: kindly, and then not. */
  async stop(): Promise<void> {
    this.thaw();
    const kill = setTimeout(() => this.child.kill('SIGKILL'), 9_000);
    await this.end('SIGTERM');
    clearTimeout(kill);
  }

  /** Resolves once it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}
