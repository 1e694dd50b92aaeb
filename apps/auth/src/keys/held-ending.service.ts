import { maxAccessLifetimeSeconds } from '@keyport/access';
import { Injectable } from '@nestjs/common';
import { PublicKeysRepository, type RevokedPublicKey } from '../public-keys/public-keys.repository.ts';
import { RevocationProjection } from '../revocations/revocation-projection.ts';
import { RevocationsService } from '../revocations/revocations.service.ts';
import { kidOf } from '../rights/rights-entries.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { KeysRepository, type RevokedKey } from './keys.repository.ts';

/**
 * Ends keys and public keys, and what was made through them. On the bus the first entry ends all of it, since every token
 * names what it was made through; that MongoDB says so of each is for whoever looks at a list.
 */
@Injectable()
export class HeldEndingService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly publicKeys: PublicKeysRepository,
    private readonly revocations: RevocationsService,
    private readonly projection: RevocationProjection,
    private readonly rights: RightsProjection,
  ) {}

  /** Resolves once the bus holds it. */
  async endKey(key: RevokedKey): Promise<void> {
    // First, since a key that the bus was told of is not looked at again: a process may die in between.
    const hasPublicKeys = await this.endThrough(key._id, key.revokedAt);
    await this.projection.show(key);
    if (hasPublicKeys) await this.tellPublicKeys();
  }

  /** Resolves once the bus holds it. */
  async endPublicKey(publicKeyId: string): Promise<void> {
    const now = new Date();
    await this.publicKeys.revoke({ _id: publicKeyId }, now, keptUntil(now));
    await this.endThrough(kidOf(publicKeyId), now);
    await this.tellPublicKeys();
  }

  /** Completes what a process did not come to do before it died. */
  async reconcile(): Promise<void> {
    for (const key of await this.keys.revokedUnannounced()) await this.endKey(key);
    await this.tellPublicKeys();
  }

  private async tellPublicKeys(): Promise<void> {
    for (const key of await this.publicKeys.revokedUntold()) await this.tell(key);
  }

  /** True where a public key was among them, of which the bus is to be told. */
  private async endThrough(ancestor: string, now: Date): Promise<boolean> {
    await this.keys.revokeThrough(ancestor, now);
    return this.publicKeys.revoke({ ancestors: ancestor }, now, keptUntil(now));
  }

  private async tell({ _id: publicKeyId, userId, revokedAt }: RevokedPublicKey): Promise<void> {
    const kid = kidOf(publicKeyId);
    const ending = { endsAt: keptUntil(revokedAt), by: userId };
    await this.revocations.end({ level: 'kid', kid }, ending);
    await this.revocations.end({ level: 'jti', jti: kid }, ending);
    await this.rights.showPublicKey(publicKeyId);
    await this.publicKeys.markTold(publicKeyId);
  }
}

/** Any key that was minted through it has ended by then. */
const keptUntil = (revokedAt: Date) => new Date(revokedAt.getTime() + maxAccessLifetimeSeconds * 1000);
