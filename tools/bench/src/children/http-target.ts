/** Where a load goes: the same for Keyport and for the bare scripts. */
export interface HttpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file that is made when it is asked for, and fetched when it is complete: the body of the POST that makes it. */
export interface FileTarget extends HttpTarget {
  readonly order: string;
}
