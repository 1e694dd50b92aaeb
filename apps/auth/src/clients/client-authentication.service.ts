import { TokenFault } from '@keyport/access';
import type { ClientAuthentication } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { UsedAssertionsRepository } from '../assertions/used-assertions.repository.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { readClientAssertion, verifyClientAssertion } from './client-assertion.ts';
import { ClientFailuresService } from './client-failures.service.ts';
import { secretMatches } from './client-secret.ts';
import type { Client } from './client.model.ts';
import { ClientsRepository } from './clients.repository.ts';

/** `client_id` of sessions and keys, which Keyport gives by itself: whoever uses it is no registered client. */
export const keyportClientId = 'keyport';

/** Finds out which client sends a request to the OAuth endpoints. */
@Injectable()
export class ClientAuthenticationService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly assertions: UsedAssertionsRepository,
    private readonly failures: ClientFailuresService,
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Undefined for a request that names no client. Throws OAUTH_CLIENT_INVALID, whatever was wrong, and CLIENT_THROTTLED. */
  async authenticate(presented: ClientAuthentication, address: string): Promise<Client | undefined> {
    const clientId = nameIn(presented);
    if (presented.method === 'none' && (clientId === undefined || clientId === keyportClientId)) return undefined;
    return this.failures.attempt(clientId, address, async () => {
      const client = clientId === undefined ? null : await this.clients.find(clientId);
      return { client, isProven: await this.proves(presented, client) };
    });
  }

  private async proves(presented: ClientAuthentication, client: Client | null): Promise<boolean> {
    switch (presented.method) {
      case 'none':
        return client?.authentication === 'none';
      case 'private_key_jwt':
        return (
          client?.authentication === 'private_key_jwt' && (await this.assertionProves(presented.assertion, client))
        );
      default:
        return secretMatches(presented.secret, client?.secretHash);
    }
  }

  private async assertionProves(assertion: string, client: Client): Promise<boolean> {
    try {
      const presented = readClientAssertion(assertion);
      await verifyClientAssertion(presented, client, (audience) => this.isOurs(audience));
      const { iss: issuer, jti: id, exp } = presented.claims;
      return await this.assertions.spend({ issuer, id, exp });
    } catch (error) {
      if (error instanceof TokenFault) return false;
      throw error;
    }
  }

  /** RFC 7523 §3: the issuer, under any address that it had, or the token endpoint. */
  private isOurs(audience: string): boolean {
    const tokenEndpoint = `${this.config.KEYPORT_PUBLIC_URL.replace(/\/$/, '')}/oauth/token`;
    return audience === tokenEndpoint || this.signingKeys.isOwnIssuer(audience);
  }
}

/** Which client it claims to be; undefined where it names none, or contradicts itself. */
function nameIn(presented: ClientAuthentication): string | undefined {
  if (presented.method !== 'private_key_jwt') return presented.clientId;
  try {
    const { iss } = readClientAssertion(presented.assertion).claims;
    return presented.clientId === undefined || presented.clientId === iss ? iss : undefined;
  } catch (error) {
    if (error instanceof TokenFault) return undefined;
    throw error;
  }
}
