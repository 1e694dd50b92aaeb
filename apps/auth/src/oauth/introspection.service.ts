import { scopesAllow, type Caller } from '@keyport/access';
import { KeyportError, type Introspection, type introspectTokenAsClient, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { ClientAuthenticationService } from '../clients/client-authentication.service.ts';
import { RefreshTokenStatesService } from './refresh-token-states.service.ts';
import { TokenStatesService } from './token-states.service.ts';

const right = 'tokens:introspect';

/** RFC 7662, of every kind of token. What cannot be read, has ended or was revoked is not active, and nothing more is said. */
@Injectable()
export class IntrospectionService {
  constructor(
    private readonly clients: ClientAuthenticationService,
    private readonly accessTokens: TokenStatesService,
    private readonly refreshTokens: RefreshTokenStatesService,
  ) {}

  /** Throws INSUFFICIENT_SCOPE. */
  async introspect(caller: Caller, token: string): Promise<Introspection> {
    caller.require(right);
    return this.stateOf(token);
  }

  /** To a client that may not look at all tokens, those of others are as if they did not exist (RFC 7662 §4). */
  async introspectAsClient({ token, client: presented, address }: RequestOf<typeof introspectTokenAsClient>) {
    const client = await this.clients.authenticate(presented, address);
    // Whoever cannot prove who they are could try tokens that they found.
    if (!client || client.authentication === 'none') throw new KeyportError('OAUTH_CLIENT_INVALID');
    const state = await this.stateOf(token);
    const isShown = state.client_id === client._id || scopesAllow(client.scopes, right);
    return isShown ? state : { active: false };
  }

  private async stateOf(token: string): Promise<Introspection> {
    const read = await this.accessTokens.read(token);
    return read ? this.accessTokens.describe(read) : this.refreshTokens.describe(token);
  }
}
