const lookForParentMs = 500;

/**
 * Resolves with Ctrl-C, SIGTERM or SIGHUP, and when whoever started this process is gone: npm scripts hold an IPC
 * channel, under nx the parent is watched (the nx target uses the shell's `exec`, so that it is the parent).
 */
export function untilToldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.on('disconnect', () => resolve());
    if (process.env.NX_TASK_TARGET_PROJECT === undefined) return;
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) resolve();
    }, lookForParentMs).unref();
  });
}
