import { Refusal, type Holder, type Judge, type Rights } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { principalOf, type Principal } from './principal.ts';

/** Who a token that verified speaks for at this moment, asked on every request. */
export class Principals {
  private readonly known = new WeakMap<Rights, Principal>();

  constructor(private readonly judge: Judge) {}

  /** The same object for as long as its rights are the same. Throws TOKEN_REVOKED. */
  async of(holder: Holder): Promise<Principal> {
    const rights = await this.judge.rightsOf(holder);
    if (rights instanceof Refusal) {
      throw new KeyportError('TOKEN_REVOKED', { check: rights.check, reason: rights.reason });
    }
    const known = this.known.get(rights);
    if (known) return known;
    const principal = principalOf(holder, rights);
    this.known.set(rights, principal);
    return principal;
  }
}
