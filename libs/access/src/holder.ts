import { Refusal, effectiveRights, type Rights } from './effective-rights.ts';
import type { Identity } from './identity.ts';
import { revocationKeysOf } from './revocation-keys.ts';
import { fingerprintsOf, type Fingerprints } from './revocation-table.ts';
import type { RightsView } from './rights-view.ts';

/** A verified token as it is remembered: its identity, and its rights for as long as nothing about them changes. */
export class Holder<Id extends Identity = Identity> {
  readonly revocationPrints: Fingerprints;
  /** Its user and key have been heard of: where they are missing now, they are gone. */
  isKnown = false;
  private judged: { readonly version: number; readonly rights: Rights | Refusal } | undefined;

  constructor(
    readonly identity: Id,
    /** Seconds since the epoch. */
    readonly exp: number,
  ) {
    this.revocationPrints = fingerprintsOf(revocationKeysOf(identity));
  }

  /** The same object for as long as the rights are the same. */
  rightsNow(view: Pick<RightsView, 'version' | 'user' | 'key' | 'publicKey'>): Rights | Refusal {
    const { judged } = this;
    if (judged?.version === view.version) return judged.rights;
    const rights = effectiveRights(this.identity, view);
    const kept = judged && isSame(judged.rights, rights) ? judged.rights : rights;
    this.isKnown ||= !(kept instanceof Refusal);
    this.judged = { version: view.version, rights: kept };
    return kept;
  }
}

/** The view gives the same lists for as long as an entry does not change; only several ceilings make a new one. */
function isSame(one: Rights | Refusal, other: Rights | Refusal): boolean {
  if (one instanceof Refusal || other instanceof Refusal) return false;
  const [a, b] = [one.sources, other.sources];
  return isSameList(a.key, b.key) && a.owner?.scopes === b.owner?.scopes && a.owner?.role === b.owner?.role;
}

const isSameList = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === other || (one?.length === other?.length && !!one?.every((scope, index) => scope === other?.[index]));
