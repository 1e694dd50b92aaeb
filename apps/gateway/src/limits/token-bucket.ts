/** How much somebody may ask: `burst` requests at once, refilled by `perSecond`. */
export class Rate {
  /** `RateLimit-Limit` of draft-ietf-httpapi-ratelimit-headers-06: the size of the bucket. */
  readonly limit: string;
  /** `RateLimit-Policy`: so many in a window of so many seconds, which is how long an empty bucket takes to be full. */
  readonly policy: string;

  constructor(
    readonly perSecond: number,
    readonly burst: number,
  ) {
    this.limit = String(burst);
    this.policy = `${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`;
  }
}

/** A token bucket. Time is given by whoever asks: milliseconds of a clock that never goes back. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.burst;
  }

  /** False where the bucket is empty; then nothing is taken, so asking again too early costs nothing. */
  take(now: number, rate: Rate): boolean {
    this.refill(now);
    if (rate !== this.rate) this.change(rate);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** One that was taken for nothing; never beyond what the bucket holds. */
  giveBack(): void {
    this.tokens = Math.min(this.rate.burst, this.tokens + 1);
  }

  isEmpty(now: number): boolean {
    this.refill(now);
    return this.tokens < 1;
  }

  isFull(now: number): boolean {
    this.refill(now);
    return this.tokens >= this.rate.burst;
  }

  /** Whole requests that are left. */
  get remaining(): number {
    return Math.floor(this.tokens);
  }

  /** Whole seconds until the bucket is full again. */
  get fullInSeconds(): number {
    return Math.ceil((this.rate.burst - this.tokens) / this.rate.perSecond);
  }

  /** Whole seconds until there is one request again, 1 at least. */
  get nextInSeconds(): number {
    return Math.max(1, Math.ceil((1 - this.tokens) / this.rate.perSecond));
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.rate.burst, this.tokens + ((now - this.at) * this.rate.perSecond) / 1000);
    this.at = now;
  }

  /** Who is given a larger bucket finds it filled by as much as it grew; a smaller one holds no more than fits. */
  private change(rate: Rate): void {
    this.tokens = Math.min(rate.burst, this.tokens + Math.max(0, rate.burst - this.rate.burst));
    this.rate = rate;
  }
}
