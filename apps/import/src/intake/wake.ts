/** Lets a loop sleep until something happens or some time has passed; what happens meanwhile is not missed. */
export class Wake {
  private pending = false;
  private listener: (() => void) | undefined;

  now(): void {
    this.pending = true;
    this.listener?.();
  }

  async within(ms: number): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.listener = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.listener = undefined;
    this.pending = false;
  }
}
