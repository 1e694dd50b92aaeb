import type { DatasetAction, GlobalAction } from '@keyport/contracts';
import { requireScope, scopesAllow } from './rights.ts';

export interface CallerIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** `jti` of the token that the rights came from. */
  readonly tokenId: string;
  readonly keyId: string | undefined;
  readonly ancestors: readonly string[];
  readonly scopes: readonly string[];
  /** Set where a job acts by its grant, not a person or program by a token. */
  readonly jobId: string | undefined;
}

/** In whose name a request is handled, and what they may do. */
export class Caller {
  constructor(
    readonly identity: CallerIdentity,
    /** The verified authority itself, to pass on with requests made in the caller's name. */
    readonly authority: string,
  ) {}

  /** `(iss, sub)`: the same `sub` of two issuers is two principals. */
  get principal(): string {
    return `${this.identity.issuer}|${this.identity.subject}`;
  }

  /**
   * Whose jobs count as one's own: a key's own, or those of a person's sessions. Two keys of one person do not see each
   * other's jobs unless their scopes let them.
   */
  get creator(): string {
    return `${this.principal}|${this.identity.keyId ?? ''}`;
  }

  may(action: DatasetAction | GlobalAction, dataset?: string): boolean {
    return scopesAllow(this.identity.scopes, action, dataset);
  }

  /** Throws INSUFFICIENT_SCOPE. */
  require(action: DatasetAction | GlobalAction, dataset?: string): void {
    requireScope(this.identity.scopes, action, dataset);
  }
}
