import { natsAccounts, type AuthorizationRequest } from '@keyport/contracts';
import { encodeAuthorizationResponse, encodeUser } from '@nats-io/jwt';
import type { KeyPair } from '@nats-io/nkeys';
import { accountKey } from './account-key.ts';
import type { PublisherPermissions } from './publisher-permissions.ts';

export interface UserGrant {
  readonly name: string;
  readonly permissions: PublisherPermissions;
  /** Seconds since the epoch, when nats-server ends the connection. */
  readonly exp: number;
}

/** Subscriptions that a connection may have at a time: its inboxes, and what it listens to. */
const maxSubscriptions = 64;

/** Signs what nats-server is answered: with the seed whose public half is the `issuer` of its configuration. */
export class CalloutSigner {
  private readonly issuer: KeyPair;

  /** Throws where the text is no seed of an account (`SA…`). */
  constructor(seed: string) {
    try {
      this.issuer = accountKey(seed.trim());
    } catch {
      // Not as the cause: an error may quote what it could not read.
      throw new Error('NATS_CALLOUT_SEED_FILE holds no seed of an NKey account');
    }
  }

  async admit(request: AuthorizationRequest, { name, permissions, exp }: UserGrant): Promise<string> {
    const user = { ...permissions, subs: maxSubscriptions, allowed_connection_types: connectionTypes };
    const jwt = await encodeUser(name, request.user_nkey, this.issuer, user, { aud: natsAccounts.publishers, exp });
    return this.respond(request, { jwt });
  }

  /** The reason goes to nats-server's log; the client learns no more than that it was refused. */
  refuse(request: AuthorizationRequest, reason: string): Promise<string> {
    return this.respond(request, { error: reason });
  }

  private respond({ user_nkey, server_id }: AuthorizationRequest, answer: { jwt: string } | { error: string }) {
    return encodeAuthorizationResponse(user_nkey, server_id.id, this.issuer, answer, {});
  }
}

/** No leaf nodes, which would bring further clients that nobody has asked about. */
const connectionTypes: ('STANDARD' | 'WEBSOCKET')[] = ['STANDARD', 'WEBSOCKET'];
