import type { ChildProcess } from 'node:child_process';

/**
 * The whole protocol between launcher and app, over Node's IPC channel: the app sends this once it serves, and ends
 * itself when the channel is disconnected, since then its launcher is gone.
 */
export interface AppReady {
  readonly type: 'ready';
}

const isReady = (message: unknown): message is AppReady =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';

/** Resolves with the app's `ready`; rejects when the signal aborts first. */
export function untilReportsReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      if (isReady(message)) settle(resolve);
    };
    const onAbort = () => settle(() => reject(new Error('was told to stop', { cause: signal.reason })));
    const settle = (how: () => void) => {
      child.off('message', onMessage);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    child.on('message', onMessage);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
