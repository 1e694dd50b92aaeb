import type { INestApplicationContext } from '@nestjs/common';

/** Milliseconds for a graceful end before the process goes anyway; the launcher allows 10 s. */
const gracefulEndMs = 8_000;

/**
 * Ends with whoever started this process: by signal, or when the launcher's IPC channel closes because it was killed.
 * NestJS's own shutdown hooks would leave the second case out.
 */
export function endWithLauncher(app: INestApplicationContext): void {
  let ending = false;
  const end = (exitCode: number) => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(exitCode), gracefulEndMs).unref();
    void app.close().finally(() => process.exit(exitCode));
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  process.on('disconnect', () => end(0));
}

/** Tells a launcher, if there is one, that requests are now served. */
export function announceReady(): void {
  process.send?.({ type: 'ready' });
}
