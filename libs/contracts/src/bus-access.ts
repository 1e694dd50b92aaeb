import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Accounts of nats-server beside those of the services (accounts.ts). What is published in one is not seen in another,
 * unless it is exported: whoever connects with a Keyport key is in an account of their own, in which there is no service, no
 * stream and no bucket to be reached.
 */
export const natsAccounts = { publishers: 'PUBLISHERS', system: '$SYS' } as const;

/** What crosses to and from that account: publishers' events go in, as requests to be acknowledged, Keyport's come out. */
export const crossing = { ingest: 'ingest.v1.*', events: 'events.v1.>' } as const;

/** Subjects of nats-server itself (NATS docs, "System events" and "Auth callout"). */
export const serverSubjects = {
  /** Asks whether a client may connect; the reply is a signed authorization response. */
  authorize: '$SYS.REQ.USER.AUTH',
  connected: `$SYS.ACCOUNT.${natsAccounts.publishers}.CONNECT`,
  disconnected: `$SYS.ACCOUNT.${natsAccounts.publishers}.DISCONNECT`,
  /** Lists connections; every server of a cluster answers. */
  connections: '$SYS.REQ.SERVER.PING.CONNZ',
  kick: (serverId: string) => `$SYS.REQ.SERVER.${serverId}.KICK`,
} as const;

/**
 * Prefix of the inbox that belongs to the holder of a token: what they can work out and nobody else, and no one can choose
 * so that it becomes another's. To be given to the NATS client as its inbox prefix.
 */
export const publisherInbox = (token: string): string =>
  `_INBOX.${createHash('sha256').update(token).digest('hex').slice(0, 32)}`;

/** What Keyport reads of nats-server's authorization request (a JWT signed by the server). */
export const authorizationRequest = z.object({
  nats: z.object({
    server_id: z.object({ id: z.string().min(1) }),
    user_nkey: z.string().min(1),
    client_info: z.object({ id: z.number().int(), host: z.string().optional() }),
    connect_opts: z.object({ pass: z.string().optional(), auth_token: z.string().optional() }),
  }),
});
export type AuthorizationRequest = z.output<typeof authorizationRequest>['nats'];

/** Of nats-server's advisories that a client has connected or gone. */
export const connectionAdvisory = z.object({
  server: z.object({ id: z.string() }),
  client: z.object({ id: z.number().int(), user: z.string().default('') }),
});

/** A page of the list of connections, of one server. */
export const connectionList = z.object({
  data: z.object({
    server_id: z.string(),
    total: z.number().int(),
    connections: z
      .array(z.object({ cid: z.number().int(), authorized_user: z.string().default('') }))
      .nullish()
      .transform((list) => list ?? []),
  }),
});
