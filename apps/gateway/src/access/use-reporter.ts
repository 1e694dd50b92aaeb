import { reportUse } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';

const reportEveryMs = 10_000;
/** Milliseconds for auth to answer: a gateway that ends does not wait for one that is away. */
const answerMs = 2_000;
/** As many as the contract takes. */
const keysInReport = 10_000;
/** Keys that wait while auth is away, of some 150 bytes each; of more, the use is not noted. */
const maxWaiting = 200_000;

/** Notes in memory when each key was used last, and tells auth now and then, so that no request writes to a database. */
@Injectable()
export class UseReporter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(UseReporter.name);
  private uses = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> = Promise.resolve();

  constructor(private readonly requester: Requester) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.reporting = this.reporting.then(() => this.report());
    }, reportEveryMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.reporting;
    await this.report();
  }

  /** Called with every request that a key was accepted for. */
  saw(keyId: string, nowMs: number): void {
    if (this.uses.size < maxWaiting || this.uses.has(keyId)) this.uses.set(keyId, nowMs);
  }

  /** What cannot be told now is told the next time. */
  private async report(): Promise<void> {
    const uses = [...this.uses];
    this.uses = new Map();
    for (let start = 0; start < uses.length; start += keysInReport) {
      const part = uses.slice(start, start + keysInReport);
      try {
        await this.requester.request(reportUse, { keys: part.map(toReport) }, { timeoutMs: answerMs });
      } catch (error) {
        this.logger.warn(`auth was not told which keys were used: ${(error as Error).message}`);
        for (const [keyId, atMs] of uses.slice(start)) if (!this.uses.has(keyId)) this.saw(keyId, atMs);
        return;
      }
    }
  }
}

const toReport = ([keyId, atMs]: [string, number]) => ({ keyId, lastUsedAt: new Date(atMs).toISOString() });
