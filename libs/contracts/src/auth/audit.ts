import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { instant, listOf, pageRequest } from '../shapes.ts';

/** Who did what, when, from where, with which key. Published by gateways on `audit.v1.requests`, kept by auth. */
export const auditEntrySchema = z
  .object({
    /** Made by the gateway, 28 hex digits that grow with time; what a caller sends as its request id need not be unique. */
    id: z.string().regex(/^[0-9a-f]{28}$/),
    requestId: z.string(),
    at: instant,
    /** What was asked, as `keys.create`: the operation id of the route in /openapi.json. */
    action: z.string(),
    method: z.string(),
    /** The route with its parameters in place, without a query. */
    path: z.string(),
    dataset: z.string().nullable(),
    status: z.number().int(),
    /** Code of the refusal, where it was one. */
    code: z.string().nullable(),
    /** Null where nobody was recognised. */
    issuer: z.string().nullable(),
    subject: z.string().nullable(),
    key: z.string().nullable(),
    tokenId: z.string().nullable(),
    /** The registered client that the token was given to: of a program, of a device, of who exchanged it. Null where there is none. */
    client: z.string().nullable().default(null),
    /** The user whose account a refused login was tried on, or the client that was not proven; null where there is none. */
    account: z.string().nullable(),
    address: z.string(),
    userAgent: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.output<typeof auditEntrySchema>;

export const auditListSchema = listOf(auditEntrySchema).meta({ id: 'AuditList' });

export const listAuditSchema = pageRequest.extend({
  subject: z.string().max(512).optional(),
  key: z.string().max(128).optional(),
  client: z.string().max(128).optional(),
  action: z.string().max(128).optional(),
  dataset: z.string().max(63).optional(),
  from: instant.optional(),
  to: instant.optional(),
});

/** Newest first. */
export const listAudit = defineRequest({
  subject: 'auth.v1.audit.list',
  request: listAuditSchema,
  reply: auditListSchema,
  idempotent: true,
});

export const auditSubject = 'audit.v1.requests';
