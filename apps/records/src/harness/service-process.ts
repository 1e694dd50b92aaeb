import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../../..', import.meta.url));

/** The service as a process of its own, run from its sources. */
export class ServiceProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves once the service says that it is ready. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const command = ['--import', './tools/build/src/register.mjs', 'apps/records/src/main.ts'];
    const child = spawn(process.execPath, command, { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let said = '';
    const keep = (text: Buffer) => (said = (said + text.toString()).slice(-8_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once('message', () => resolve());
    child.once('exit', (code, signal) => reject(new Error(`records ended with ${code ?? signal}: ${said}`)));
    await promise;
    return new ServiceProcess(child);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves once it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}
