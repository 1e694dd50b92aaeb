/** Lets those who want the same result at the same time wait for one making of it. */
export class SharedWork<Result> {
  private readonly underWay = new Map<string, Promise<Result>>();

  /** Resolves with what is under way, or at once. */
  async of(key: string): Promise<Result | undefined> {
    return this.underWay.get(key);
  }

  async share(key: string, work: () => Promise<Result>): Promise<Result> {
    const begun = this.underWay.get(key);
    if (begun) return begun;
    const result = work().finally(() => this.underWay.delete(key));
    this.underWay.set(key, result);
    return result;
  }
}
