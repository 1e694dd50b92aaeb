import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const betweenTriesMs = 20;

/** Asks again until the condition holds; a try that throws counts as no. Rejects when the signal aborts. */
export async function until(condition: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition().catch(() => false))) await delay(betweenTriesMs, undefined, { signal });
  signal.throwIfAborted();
}

/** Whether somebody listens on the loopback port. */
export const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });
