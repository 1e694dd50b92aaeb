import { Logger } from '@nestjs/common';

/** Sweeps now and then, beside what a process is there for: what one sweep leaves, or fails at, waits for the next. */
export class Sweeper {
  private readonly logger;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(
    what: string,
    private readonly everyMs: number,
    private readonly sweep: () => Promise<void>,
  ) {
    this.logger = new Logger(what);
  }

  start(): void {
    const sweep = () => {
      this.sweeping = this.sweep().catch((error: unknown) => this.logger.warn(error));
    };
    this.timer = setInterval(sweep, this.everyMs).unref();
    sweep();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }
}
