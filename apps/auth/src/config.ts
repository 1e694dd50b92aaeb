import { maxAccessLifetimeSeconds } from '@keyport/access';
import { storedServiceConfig, usageDefaults } from '@keyport/service';
import { z } from 'zod';
import { isNetwork } from './key-sets/address-policy.ts';

/** Injection token of the parsed environment. */
export const AUTH_CONFIG = Symbol('AUTH_CONFIG');

const secondsPerDay = 24 * 3600;

export const authConfig = storedServiceConfig
  .extend({
    ...usageDefaults,
    /** Folder of a local stack: `owner.json`, and `master.key` where no master key is given. */
    KEYPORT_HOME: z.string().min(1).optional(),
    /** Encrypts the signing keys in MongoDB. A random text, such as `openssl rand -base64 32` prints. */
    KEYPORT_MASTER_KEY: z.string().min(32, 'must have at least 32 characters').max(1024).optional(),
    /** Password of the owner made at first start; random, and written to `owner.json`, where it is not given. */
    KEYPORT_OWNER_PASSWORD: z.string().min(12, 'must have at least 12 characters').max(1024).optional(),
    /** Seconds that an API key may live at most. */
    KEYPORT_KEY_MAX_SECONDS: z.coerce
      .number()
      .int()
      .min(1)
      .max(maxAccessLifetimeSeconds)
      .default(366 * secondsPerDay),
    /** Whether a key may be given no end; its tokens live for ten years. */
    KEYPORT_KEYS_MAY_NEVER_EXPIRE: z.stringbool().default(false),
    /** Seconds for which others may keep the key set; a signing key is published for so long before it signs. */
    KEYPORT_KEY_SET_CACHE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(10),
    /**
     * Networks that are not public and from which key sets of other issuers may be fetched: CIDR, joined with commas. With
     * 127.0.0.0/8 also by http, for development.
     */
    KEYPORT_ISSUER_NETWORKS: z
      .string()
      .default('')
      .transform((text) => text.split(',').flatMap((one) => one.trim() || []))
      .refine((networks) => networks.every(isNetwork), 'must be networks in CIDR notation, joined with commas'),
    /** Seconds after which the key set of another issuer is fetched anew. */
    KEYPORT_ISSUER_REFRESH_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300),
    /** Seconds for which an issuer is not asked for its key set again, whatever keys its tokens name. */
    KEYPORT_ISSUER_REST_SECONDS: z.coerce.number().int().min(1).max(3_600).default(10),
    /** Seconds between two comparisons of what the bus tells of keys, rights and revocations with MongoDB. */
    KEYPORT_PROJECTION_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
    /** How long an entry of the audit is kept; entries written before a change keep the time they were given. */
    KEYPORT_AUDIT_DAYS: z.coerce.number().int().min(1).max(36_500).default(400),
    /** User in nats-server's system account, to answer who may connect with a Keyport key; none may where it is not set. */
    NATS_CALLOUT_USER: z.string().min(1).optional(),
    NATS_CALLOUT_PASSWORD: z.string().min(1).optional(),
    /** File with the seed of the NKey account (`SA…`) whose public half nats-server has as `issuer` of its auth callout. */
    NATS_CALLOUT_SEED_FILE: z.string().min(1).optional(),
    /** Seconds after which a connection opened with a Keyport key must be opened anew. */
    KEYPORT_BUS_CONNECTION_SECONDS: z.coerce
      .number()
      .int()
      .min(10)
      .max(30 * secondsPerDay)
      .default(secondsPerDay),
    /** Seconds after which a person must sign in again, however often the session was refreshed. */
    KEYPORT_SESSION_MAX_SECONDS: z.coerce
      .number()
      .int()
      .min(60)
      .max(366 * secondsPerDay)
      .default(30 * secondsPerDay),
  })
  .refine((config) => config.KEYPORT_HOME ?? config.KEYPORT_MASTER_KEY, {
    path: ['KEYPORT_MASTER_KEY'],
    message: 'is needed where KEYPORT_HOME is not set',
  });
export type AuthConfig = z.output<typeof authConfig>;
