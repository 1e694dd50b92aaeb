import { KeyportError, type DatasetAction, type GlobalAction } from '@keyport/contracts';
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
    /** A job whose rights were taken away, before a handler that told it apart (`admitsRevokedGrants`). */
    readonly isRevoked = false,
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
    return !this.isRevoked && scopesAllow(this.identity.scopes, action, dataset);
  }

  /** Throws INSUFFICIENT_SCOPE; RIGHTS_LOST where the caller is revoked, whatever the scopes were. */
  require(action: DatasetAction | GlobalAction, dataset?: string): void {
    if (this.isRevoked) throw new KeyportError('RIGHTS_LOST');
    requireScope(this.identity.scopes, action, dataset);
  }
}
