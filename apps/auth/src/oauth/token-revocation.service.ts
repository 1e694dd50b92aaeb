import { registeredClientOf } from '@keyport/access';
import { KeyportError, type revokeToken, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Client } from '../clients/client.model.ts';
import { ClientAuthenticationService } from '../clients/client-authentication.service.ts';
import { LogoutService } from '../sessions/logout.service.ts';
import { RefreshService } from '../sessions/refresh.service.ts';
import { TokenStatesService } from './token-states.service.ts';

/** RFC 7009. Resolves once the bus holds it; what is no token, or has ended, needs nothing. */
@Injectable()
export class TokenRevocationService {
  constructor(
    private readonly clients: ClientAuthenticationService,
    private readonly accessTokens: TokenStatesService,
    private readonly logouts: LogoutService,
    private readonly refreshes: RefreshService,
  ) {}

  /** Throws OAUTH_GRANT_INVALID for a client that presents a token of another (RFC 7009 §2.1). */
  async revoke({ token, client: presented, address }: RequestOf<typeof revokeToken>): Promise<void> {
    const client = await this.clients.authenticate(presented, address);
    const read = await this.accessTokens.read(token);
    if (!read) return this.refreshes.revoke(token, (clientId) => requireOwn(client, clientId));
    const { identity, exp } = read.holder;
    requireOwn(client, registeredClientOf(identity) ?? null);
    await this.logouts.endToken(identity, new Date(exp * 1000));
  }
}

/** A request that names no client may end what it holds: whoever found a token does no harm by that. */
function requireOwn(client: Client | undefined, clientId: string | null): void {
  if (client && client._id !== clientId)
    throw new KeyportError('OAUTH_GRANT_INVALID', { reason: 'it was given to another client' });
}
