import { KeyportError, type AuthorizationDetail, type DatasetAction, type GlobalAction } from '@keyport/contracts';
import { limitsOfRight, requireRight, requireWhole, rightsAllow, type Rights } from './effective-rights.ts';
import { principalKey, publicKeyBehind, registeredClientOf, type CallerIdentity } from './identity.ts';
import type { Limited } from './limits.ts';

/** In whose name a request is handled, and what they may do now. */
export class Caller {
  constructor(
    readonly identity: CallerIdentity,
    /** The verified authority itself, to pass on with requests made in the caller's name. */
    readonly authority: string,
    /** A job that lost rights it began with, before a handler that told it apart (`admitsRevokedGrants`). */
    readonly isRevoked = false,
    /** Effective rights; what the identity says where nothing cuts it. */
    private readonly rights: Pick<Rights, 'scopes' | 'details'> & Partial<Rights> = identity,
  ) {}

  /** What the caller may do now: decide by these, not by those of the identity. */
  get scopes(): readonly string[] {
    return this.rights.scopes;
  }

  /** RFC 9396; undefined where rights on datasets are not narrowed. */
  get details(): readonly AuthorizationDetail[] | undefined {
    return this.rights.details;
  }

  /** `(iss, sub)`: the same `sub` of two issuers is two principals. */
  get principal(): string {
    return principalKey(this.identity);
  }

  /**
   * Whose jobs count as one's own: a key's own, those of one client for a person or for itself, or those of a person's
   * sessions. Two keys of one person do not see each other's jobs unless their scopes let them.
   */
  get creator(): string {
    const { keyId, origin } = this.identity;
    // Whoever holds a public key of a person is not that person, by exchange either.
    const exchanged = origin && publicKeyBehind(this.identity);
    return `${this.principal}|${keyId ?? exchanged ?? registeredClientOf(this.identity) ?? ''}`;
  }

  may(action: DatasetAction | GlobalAction, dataset?: string): boolean {
    return !this.isRevoked && rightsAllow(this.rights, action, dataset);
  }

  /** Throws INSUFFICIENT_SCOPE; RIGHTS_LOST where the caller is a job that lost rights, whichever they were. */
  require(action: DatasetAction | GlobalAction, dataset?: string): void {
    if (this.isRevoked) throw new KeyportError('RIGHTS_LOST');
    requireRight(this.rights, action, dataset);
  }

  /** As `require`, and not for who reaches some rows or fields of the dataset alone. */
  requireWhole(action: DatasetAction, dataset: string): void {
    if (this.isRevoked) throw new KeyportError('RIGHTS_LOST');
    requireWhole(this.rights, action, dataset);
  }

  /** Which rows and fields of the dataset the action reaches; `none` where the right is not there. */
  limitsOn(action: DatasetAction, dataset: string): Limited {
    return this.isRevoked ? 'none' : limitsOfRight(this.rights, action, dataset);
  }
}
