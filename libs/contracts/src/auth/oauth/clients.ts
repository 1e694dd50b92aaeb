import { z } from 'zod';
import { defineRequest } from '../../define.ts';
import { scope } from '../../scopes.ts';
import { empty, instant, listOf, pageRequest } from '../../shapes.ts';
import { grantTypes } from './token.ts';

const name = z.string().trim().min(1).max(200);
const scopes = z.array(scope).max(200);
const grantType = z.enum(grantTypes as [string, ...string[]]);

/** RFC 7517 §5: public keys, each held to what a registered public key is held to. */
const jwks = z.strictObject({
  keys: z
    .array(z.record(z.string().max(32), z.unknown()))
    .min(1)
    .max(10),
});

/** How a client proves who it is; `none`: a public client, such as a program on a device. */
const clientKind = z.enum(['client_secret', 'private_key_jwt', 'none']);

export const createClientSchema = z
  .strictObject({
    name,
    grants: z.array(grantType).max(20),
    /** No token of the client may do more. */
    scopes,
    /** `private_key_jwt` where keys are given, else `client_secret`. */
    authentication: clientKind.optional(),
    /** Public keys that verify the client's assertions (RFC 7523). */
    jwks: jwks.optional(),
  })
  .meta({ id: 'CreateClient' });

export const changeClientSchema = z
  .strictObject({ name: name.optional(), grants: z.array(grantType).max(20).optional(), scopes: scopes.optional() })
  .meta({ id: 'ChangeClient' });

export const clientSchema = z
  .object({
    /** `client_id`. */
    id: z.string(),
    name: z.string(),
    grants: z.array(z.string()),
    scopes: z.array(z.string()),
    authentication: clientKind,
    jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
    createdAt: instant,
    /** `sub` of who made it. */
    createdBy: z.string(),
  })
  .meta({ id: 'Client' });

/** The secret is shown this once. */
export const createdClientSchema = z
  .object({ client: clientSchema, secret: z.string().nullable() })
  .meta({ id: 'CreatedClient' });
export const clientListSchema = listOf(clientSchema).meta({ id: 'ClientList' });

export const createClient = defineRequest({
  subject: 'auth.v1.clients.create',
  request: createClientSchema,
  reply: createdClientSchema,
});

export const listClients = defineRequest({
  subject: 'auth.v1.clients.list',
  request: pageRequest,
  reply: clientListSchema,
  idempotent: true,
});

const reference = z.object({ clientId: z.string().max(512) });

export const getClient = defineRequest({
  subject: 'auth.v1.clients.get',
  request: reference,
  reply: clientSchema,
  idempotent: true,
});

/** What is lowered is lowered for the tokens that it has, too, within a second. */
export const changeClient = defineRequest({
  subject: 'auth.v1.clients.change',
  request: changeClientSchema.extend(reference.shape),
  reply: clientSchema,
  idempotent: true,
});

/** Ends every token of the client, and the jobs that they started. */
export const deleteClient = defineRequest({
  subject: 'auth.v1.clients.delete',
  request: reference,
  reply: empty,
});
