import { maxAccessLifetimeSeconds } from '@keyport/access';
import { storedServiceConfig, usageDefaults } from '@keyport/service';
import { z } from 'zod';

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
    /** How long an entry of the audit is kept; entries written before a change keep the time they were given. */
    KEYPORT_AUDIT_DAYS: z.coerce.number().int().min(1).max(36_500).default(400),
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
