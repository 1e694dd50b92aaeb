/** Lets one loop wait for a time, or until something happens; what happens in between is not missed. */
export class Wakeup {
  private isDue = false;
  private resolve: () => void = () => undefined;

  wake(): void {
    this.isDue = true;
    this.resolve();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.isDue) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.resolve = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    }
    this.isDue = false;
  }
}
