import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { scope } from '../scopes.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';

/** Owner: everything. Admin: all but owners and signing keys. Member: the scopes stored on the user. */
export const role = z.enum(['owner', 'admin', 'member']).meta({ id: 'Role' });
export type Role = z.output<typeof role>;

const scopes = z.array(scope).max(200);

export const createUserSchema = z
  .strictObject({
    email: z.email().max(254),
    role: role.default('member'),
    /** Only of a member. */
    scopes: scopes.optional(),
    /** Random, and told once in the reply, where it is not given. */
    password: z.string().min(12, 'must have at least 12 characters').max(1024).optional(),
  })
  .meta({ id: 'CreateUser' });

export const changeUserSchema = z
  .strictObject({
    role: role.optional(),
    scopes: scopes.optional(),
    disabled: z.boolean().optional(),
    /** Sets a new password, and ends the user's sessions. */
    password: z.string().min(12, 'must have at least 12 characters').max(1024).optional(),
  })
  .meta({ id: 'ChangeUser' });

export const userSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    role,
    /** What the role gives, or what is stored on a member. */
    scopes: z.array(z.string()),
    disabled: z.boolean(),
    createdAt: instant,
    lastLoginAt: instant.nullable(),
  })
  .meta({ id: 'User' });

export const createdUserSchema = z
  .object({
    user: userSchema,
    /** Told once, where the request gave none. */
    initialPassword: z.string().optional(),
  })
  .meta({ id: 'CreatedUser' });

export const userListSchema = listOf(userSchema).meta({ id: 'UserList' });

export const createUser = defineRequest({
  subject: 'auth.v1.users.create',
  request: createUserSchema,
  reply: createdUserSchema,
  timeoutMs: 10_000,
});

export const listUsers = defineRequest({
  subject: 'auth.v1.users.list',
  request: pageRequest,
  reply: userListSchema,
  idempotent: true,
});

export const getUser = defineRequest({
  subject: 'auth.v1.users.get',
  request: z.object({ userId: z.string() }),
  reply: userSchema,
  idempotent: true,
});

/** Resolves once the bus shows the change: every gateway and service judges by it within a second. */
export const changeUser = defineRequest({
  subject: 'auth.v1.users.change',
  request: changeUserSchema.extend({ userId: z.string() }),
  reply: userSchema,
  idempotent: true,
  timeoutMs: 10_000,
});

/** The user's keys and public keys end with them. */
export const deleteUser = defineRequest({
  subject: 'auth.v1.users.delete',
  request: z.object({ userId: z.string() }),
  reply: empty,
  idempotent: true,
  timeoutMs: 10_000,
});
