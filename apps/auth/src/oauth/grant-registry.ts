import { grantTypes, type GrantType } from '@keyport/contracts';
import type { Grant } from './grant.ts';

/** Every grant that the contract names, by its type. */
export class GrantRegistry {
  private readonly grants: ReadonlyMap<GrantType, Grant>;

  constructor(grants: readonly Grant[]) {
    this.grants = new Map(grants.map((grant) => [grant.grantType, grant]));
    const missing = grantTypes.filter((type) => !this.grants.has(type));
    if (missing.length > 0) throw new Error(`no grant issues tokens for ${missing.join(', ')}`);
  }

  of(type: GrantType): Grant {
    return this.grants.get(type) as Grant;
  }
}
