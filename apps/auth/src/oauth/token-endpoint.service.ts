import { RevocationView } from '@keyport/access';
import { KeyportError, type oauthToken, type RequestOf, type TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Client } from '../clients/client.model.ts';
import { ClientAuthenticationService } from '../clients/client-authentication.service.ts';
import type { Grant } from './grant.ts';
import { GrantRegistry } from './grant-registry.ts';

/** RFC 6749 §3.2: first who asks, then whether they may use the grant, then the grant itself. */
@Injectable()
export class TokenEndpointService {
  constructor(
    private readonly clients: ClientAuthenticationService,
    private readonly grants: GrantRegistry,
    private readonly revocations: RevocationView,
  ) {}

  async issue({ grant, client: presented, dpopJkt, address }: RequestOf<typeof oauthToken>): Promise<TokenResponse> {
    const client = await this.clients.authenticate(presented, address);
    // Altogether: whatever it were given would be refused. A cutoff in the past leaves it free to ask for new ones.
    if (client && this.revocations.revokesNow({ level: 'client', clientId: client._id }))
      throw new KeyportError('OAUTH_CLIENT_INVALID', { account: client._id });
    const found = this.grants.of(grant.grant_type);
    requireMayUse(client, found);
    return found.issue({ grant, client, dpopJkt, address });
  }
}

function requireMayUse(client: Client | undefined, { grantType, needsClient }: Grant): void {
  if (!client && needsClient) throw new KeyportError('OAUTH_CLIENT_INVALID');
  if (client && !client.grants.includes(grantType)) throw new KeyportError('OAUTH_CLIENT_UNAUTHORIZED', { grantType });
}
