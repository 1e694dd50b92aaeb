import type { getClient, ReplyOf } from '@keyport/contracts';
import type { Client } from './client.model.ts';

/** A client as callers see it, without what is kept of its secret. */
export const presentClient = (client: Client): ReplyOf<typeof getClient> => ({
  id: client._id,
  name: client.name,
  grants: [...client.grants],
  scopes: [...client.scopes],
  authentication: client.authentication,
  jwks: client.jwks && { keys: client.jwks.keys.map((key) => ({ ...key })) },
  createdAt: client.createdAt.toISOString(),
  createdBy: client.createdBy,
});
