import { Refusal, effectiveRights, type Rights } from './effective-rights.ts';
import type { Identity } from './identity.ts';
import { revocationKeysOf, revocationKeysOfOrigin, revokedFrom } from './revocation-keys.ts';
import { fingerprintsOf, type Fingerprints } from './revocation-table.ts';
import type { RightsLookup, RightsView } from './rights-view.ts';

/** A verified token as it is remembered: its identity, and its rights for as long as nothing about them changes. */
export class Holder<Id extends Identity = Identity> {
  readonly revocationPrints: Fingerprints;
  /** Seconds since the epoch: a later cutoff revokes. */
  readonly revokedFrom: number;
  /** Of what another issuer gave and this one was exchanged for; empty where it was not. */
  readonly originPrints: Fingerprints;
  /** Its user and key have been heard of: where they are missing now, they are gone. */
  isKnown = false;
  private judged: { readonly version: number; readonly rights: Rights | Refusal } | undefined;

  constructor(
    readonly identity: Id,
    /** Seconds since the epoch. */
    readonly exp: number,
    /** Thumbprint of the key that whoever shows the token must hold (`cnf.jkt`, RFC 9449 §6.1). */
    readonly boundTo?: string | undefined,
  ) {
    this.revocationPrints = fingerprintsOf(revocationKeysOf(identity));
    this.revokedFrom = revokedFrom(identity);
    this.originPrints = fingerprintsOf(revocationKeysOfOrigin(identity));
  }

  /** The same object for as long as the rights are the same. */
  rightsNow(view: Pick<RightsView, 'version' | keyof RightsLookup>): Rights | Refusal {
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
  if (!isSameList(a.key, b.key) || !isSameList(a.client, b.client)) return false;
  return a.owner?.scopes === b.owner?.scopes && a.owner?.role === b.owner?.role;
}

const isSameList = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === other || (one?.length === other?.length && !!one?.every((scope, index) => scope === other?.[index]));
