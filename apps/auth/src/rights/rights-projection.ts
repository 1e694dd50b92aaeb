import { buckets, type RightsEntry } from '@keyport/contracts';
import { BUS_CONNECTION, createBucket } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { issuerEntry } from '../issuers/present-issuer.ts';
import { project } from '../projections/project.ts';
import { showEntry } from '../projections/show-entry.ts';
import { clientEntry, keyEntry, kidOf, publicKeyEntry, rightsKeys, userEntry } from './rights-entries.ts';
import { RightsRepository } from './rights.repository.ts';

/**
 * Shows on the bus what users, keys, public keys, clients and issuers may do now. MongoDB decides: whoever changes it calls
 * the method of what was changed afterwards, which resolves once the bus holds what MongoDB then says.
 */
@Injectable()
export class RightsProjection {
  constructor(
    private readonly rights: RightsRepository,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /** A user who is gone has no entry, and may nothing. */
  showUser(userId: string): Promise<void> {
    return this.show(rightsKeys.user(userId), async () => {
      const user = await this.rights.user(userId);
      return user && userEntry(user);
    });
  }

  /** Its ceiling and limits; a key that has all that its token says, and no limits, has no entry. */
  showKey(keyId: string): Promise<void> {
    return this.show(rightsKeys.key(keyId), async () => {
      const key = await this.rights.limitedKey(keyId);
      return key && keyEntry(key);
    });
  }

  /** By its id, without `pk-`. A revoked one has no entry. */
  showPublicKey(publicKeyId: string): Promise<void> {
    return this.show(rightsKeys.publicKey(kidOf(publicKeyId)), async () => {
      const key = await this.rights.publicKey(publicKeyId);
      return key && publicKeyEntry(key);
    });
  }

  /** Its ceiling. One that was deleted has no entry, and its tokens are good for nothing. */
  showClient(clientId: string): Promise<void> {
    return this.show(rightsKeys.client(clientId), async () => {
      const client = await this.rights.client(clientId);
      return client && clientEntry(client);
    });
  }

  /** One that is gone has no entry: nothing that came from it is good. */
  showIssuer(issuerId: string): Promise<void> {
    return this.show(rightsKeys.issuer(issuerId), async () => {
      const issuer = await this.rights.issuer(issuerId);
      return issuer && issuerEntry(issuer);
    });
  }

  reconcile(): Promise<void> {
    return project(this.connection, buckets.rights, async () => {
      const [users, keys, publicKeys, clients, issuers] = await Promise.all([
        this.rights.allUsers(),
        this.rights.allLimitedKeys(),
        this.rights.allPublicKeys(),
        this.rights.allClients(),
        this.rights.allIssuers(),
      ]);
      return new Map<string, RightsEntry>([
        ...users.map((user) => [rightsKeys.user(user._id), userEntry(user)] as const),
        ...keys.map((key) => [rightsKeys.key(key._id), keyEntry(key)] as const),
        ...publicKeys.map((key) => [rightsKeys.publicKey(kidOf(key._id)), publicKeyEntry(key)] as const),
        ...clients.map((client) => [rightsKeys.client(client._id), clientEntry(client)] as const),
        ...issuers.map((issuer) => [rightsKeys.issuer(issuer._id), issuerEntry(issuer)] as const),
      ]);
    });
  }

  private async show(key: string, wanted: () => Promise<RightsEntry | null>): Promise<void> {
    await showEntry(await createBucket(this.connection, buckets.rights), key, wanted);
  }
}
