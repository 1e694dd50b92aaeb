import { readFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { until } from '@keyport/testing';

/** 100 µs: fine enough for short runs, at a cost of a few percent. */
const samplingMicros = 100;

/** Makes processes that start with it listen on a free port once they are told to (SIGUSR1), not all on 9229. */
export const inspectableOptions = '--inspect-port=0';

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A running Node process, talked to by the Chrome DevTools Protocol, so that exactly one phase is profiled. */
export class InspectedProcess {
  private readonly waiting = new Map<number, (message: Reply) => void>();
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Reply;
      if (message.id !== undefined) this.waiting.get(message.id)?.(message);
    });
  }

  /** Wakes the inspector of a process; its address is in the log that takes the process's output. */
  static async of(pid: number, logFile: string): Promise<InspectedProcess> {
    process.kill(pid, 'SIGUSR1');
    let url: string | undefined;
    await until(async () => {
      url = /Debugger listening on (ws:\S+)/.exec(await readFile(logFile, 'utf8'))?.[1];
      return url !== undefined;
    }, `process ${pid} to open its inspector (${logFile})`);
    const socket = new WebSocket(url ?? '');
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error(`no inspector answers on ${url}`)), { once: true });
    });
    return new InspectedProcess(socket);
  }

  async profiled<Result>(work: () => Promise<Result>): Promise<{ result: Result; profile: Profiler.Profile }> {
    await this.call('Profiler.enable');
    await this.call('Profiler.setSamplingInterval', { interval: samplingMicros });
    await this.call('Profiler.start');
    const result = await work();
    const { profile } = (await this.call('Profiler.stop')) as Profiler.StopReturnType;
    return { result, profile };
  }

  close(): void {
    this.socket.close();
  }

  private call(method: string, params: object = {}): Promise<unknown> {
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
      this.socket.addEventListener(
        'close',
        () => reject(new Error(`the inspector went before it answered ${method}`)),
        {
          once: true,
        },
      );
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
