/** Where a load goes: the same for Keyport and for the bare scripts. */
export interface HttpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
