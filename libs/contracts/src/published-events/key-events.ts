import { z } from 'zod';
import { instant } from '../shapes.ts';
import { defineEvent } from './define-event.ts';

const key = z.object({
  keyId: z.string(),
  /** Whose key it is: a user's id. */
  owner: z.string(),
});

export const keyCreated = defineEvent(
  'keyport.key.created',
  'An API key was minted.',
  key
    .extend({
      scopes: z.array(z.string()),
      /** Null where it does not end. */
      expiresAt: instant.nullable(),
    })
    .meta({ id: 'KeyCreatedEvent' }),
);

export const keyAspect = z.enum(['name', 'scopes', 'limits']);
export type KeyAspect = z.output<typeof keyAspect>;

export const keyChanged = defineEvent(
  'keyport.key.changed',
  'Its name, its ceiling or its limits changed.',
  key
    .extend({
      changed: z.array(keyAspect).min(1),
      /** What it may do at most from now on. */
      scopes: z.array(z.string()),
    })
    .meta({ id: 'KeyChangedEvent' }),
);

export const keyRotated = defineEvent(
  'keyport.key.rotated',
  'It has a new token; the one before lives until its grace is over.',
  key.extend({ expiresAt: instant.nullable(), previousTokenEndsAt: instant }).meta({ id: 'KeyRotatedEvent' }),
);

export const keyRevoked = defineEvent(
  'keyport.key.revoked',
  'It is refused everywhere, for itself or with what it was minted through.',
  key.extend({ revokedAt: instant }).meta({ id: 'KeyRevokedEvent' }),
);
