import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type changeClient,
  type createClient,
  type listClients,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { z } from 'zod';
import { raisedScopes, requireHeld, requireMayMakeTokens, requireUnnarrowed } from '../keys/key-rules.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { readClientJwks } from './client-jwks.ts';
import { authenticationOf, requireFittingGrants } from './client-rules.ts';
import { clientSecretHash, newClientSecret } from './client-secret.ts';
import type { Client } from './client.model.ts';
import { ClientsRepository } from './clients.repository.ts';
import { presentClient } from './present-client.ts';

/** They grow with time, so the last one says where the next page begins. */
const clientIds = z.string().regex(/^client-[0-9a-f]{24}$/);

/** Clients as they are registered, seen, changed and deleted: none may do more than who gives it that. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly rights: RightsProjection,
  ) {}

  /** Resolves once the bus shows it: its tokens then work everywhere. */
  async create(caller: Caller, request: RequestOf<typeof createClient>): Promise<ReplyOf<typeof createClient>> {
    caller.require('clients:create');
    requireGivable(caller, request.scopes);
    const authentication = authenticationOf(request);
    requireFittingGrants(request.grants, authentication);
    const keys = request.jwks && (await readClientJwks(request.jwks.keys));
    const secret = authentication === 'client_secret' ? newClientSecret() : null;
    const client: Client = {
      _id: `client-${new Types.ObjectId().toHexString()}`,
      name: request.name,
      grants: [...new Set(request.grants)],
      scopes: [...new Set(request.scopes)],
      authentication,
      secretHash: secret && clientSecretHash(secret),
      jwks: keys ? { keys } : null,
      createdAt: new Date(),
      createdBy: caller.identity.subject,
    };
    await this.clients.insert(client);
    await this.rights.showClient(client._id);
    return { client: presentClient(client), secret };
  }

  async list(caller: Caller, { limit, cursor }: RequestOf<typeof listClients>): Promise<ReplyOf<typeof listClients>> {
    caller.require('clients:read');
    const found = await this.clients.page(limit + 1, readCursor(clientIds, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(presentClient), next };
  }

  async get(caller: Caller, clientId: string) {
    caller.require('clients:read');
    return presentClient(await this.existing(clientId));
  }

  /** Resolves once the bus shows the new ceiling. */
  async change(caller: Caller, { clientId, ...asked }: RequestOf<typeof changeClient>) {
    caller.require('clients:update');
    for (;;) {
      const client = await this.existing(clientId);
      if (asked.scopes) requireGivable(caller, raisedScopes(asked.scopes, client.scopes));
      if (asked.grants) requireFittingGrants(asked.grants, client.authentication);
      // What was lowered in the meantime must not be raised by who looked at it before.
      const changed = await this.clients.change(client, changesIn(asked));
      if (!changed) continue;
      await this.rights.showClient(clientId);
      return presentClient(changed);
    }
  }

  /** Resolves once the bus shows that its tokens, and the jobs that they started, have ended. */
  async delete(caller: Caller, clientId: string): Promise<void> {
    caller.require('clients:delete');
    await this.existing(clientId);
    await this.clients.delete(clientId);
    await this.rights.showClient(clientId);
  }

  private async existing(clientId: string): Promise<Client> {
    const client = await this.clients.find(clientId);
    if (!client) throw new KeyportError('CLIENT_NOT_FOUND', { clientId });
    return client;
  }
}

/** Throws SCOPE_NOT_HELD. A client's tokens have no details, so whoever has some gives no right on datasets. */
function requireGivable(caller: Caller, scopes: readonly string[]): void {
  requireMayMakeTokens(caller.identity);
  requireHeld(scopes, caller.scopes);
  requireUnnarrowed(scopes, caller.identity.details);
}

const changesIn = ({ name, grants, scopes }: Omit<RequestOf<typeof changeClient>, 'clientId'>): Partial<Client> => ({
  ...(name !== undefined && { name }),
  ...(grants !== undefined && { grants: [...new Set(grants)] }),
  ...(scopes !== undefined && { scopes: [...new Set(scopes)] }),
});
