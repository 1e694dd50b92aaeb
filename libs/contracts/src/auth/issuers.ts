import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { scope } from '../scopes.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';

const text = z.string().min(1).max(512);
const claimName = z.string().min(1).max(256);

/** No token of another issuer lives for longer, and none that is given for one. */
export const maxIssuerLifetimeSeconds = 24 * 3600;

/** One rule of a mapping: who has the value in the claim gets the scopes. */
export const scopeRuleSchema = z
  .strictObject({
    /** A claim, or the way to one inside an object: `["realm_access", "roles"]`. */
    claim: z.union([claimName, z.array(claimName).min(1).max(8)]).optional(),
    /** The claim's value, one of a list, or one of the names in `scope` or `scp`. Compared exactly. */
    value: text.optional(),
    scopes: z.array(scope).min(1).max(200),
  })
  .refine(({ claim, value }) => (claim === undefined) === (value === undefined), {
    path: ['value'],
    message: 'claim and value stand together; a rule without both is for every token of the issuer',
  })
  .meta({ id: 'ScopeRule' });
export type ScopeRule = Pick<z.output<typeof scopeRuleSchema>, 'claim' | 'value'> & {
  readonly scopes: readonly string[];
};

/** RFC 7517 §5; each key is held to what a registered public key is held to, and names itself by `kid`. */
const jwks = z.strictObject({
  keys: z
    .array(z.record(z.string().max(32), z.unknown()))
    .min(1)
    .max(100),
});

/** `direct`: its tokens are accepted as they are. `exchange`: only the token endpoint takes them, and gives others. */
const trust = z.enum(['exchange', 'direct']);

const changeable = {
  jwksUri: z.url().max(2048).optional(),
  jwks: jwks.optional(),
  /** `aud` that its tokens must say. */
  audience: text,
  scopeMapping: z.array(scopeRuleSchema).max(100),
  /** Nobody who comes from there does more. */
  ceiling: z.array(scope).max(200),
  /** Longest `exp - iat` of its tokens, and longest life of what is given for them. */
  maxLifetimeSeconds: z.number().int().min(1).max(maxIssuerLifetimeSeconds),
  trust,
  /** `typ` of its tokens; unless told that of the kind of token that it is: `at+jwt`, `JWT` or none. */
  typ: z
    .string()
    .regex(/^[\w.+/-]{1,64}$/)
    .nullable(),
};

export const createIssuerSchema = z
  .strictObject({
    ...changeable,
    /** `iss` of its tokens: an https URL without query and fragment. */
    issuer: z.string().min(1).max(255),
    maxLifetimeSeconds: changeable.maxLifetimeSeconds.default(3600),
    trust: trust.default('exchange'),
    typ: changeable.typ.default(null),
  })
  .refine(({ jwksUri, jwks: given }) => (jwksUri === undefined) !== (given === undefined), {
    path: ['jwksUri'],
    message: 'give either jwksUri or jwks',
  })
  .meta({ id: 'CreateIssuer' });

export const changeIssuerSchema = z
  .strictObject(changeable)
  .partial()
  .refine(({ jwksUri, jwks: given }) => jwksUri === undefined || given === undefined, {
    path: ['jwksUri'],
    message: 'give either jwksUri or jwks',
  })
  .meta({ id: 'ChangeIssuer' });

export const issuerSchema = z
  .object({
    id: z.string(),
    issuer: z.string(),
    jwksUri: z.string().nullable(),
    audience: z.string(),
    scopeMapping: z.array(scopeRuleSchema),
    ceiling: z.array(z.string()),
    maxLifetimeSeconds: z.number().int(),
    trust,
    typ: z.string().nullable(),
    /** The keys that its tokens are verified with now. */
    keySet: z.object({
      kids: z.array(z.string()),
      /** When it was fetched last; null where it was given. */
      fetchedAt: instant.nullable(),
      /** Why the last attempt failed, or keys of the set that are not used. */
      problem: z.string().nullable(),
    }),
    createdAt: instant,
    /** `sub` of who registered it. */
    createdBy: z.string(),
  })
  .meta({ id: 'Issuer' });

export const issuerListSchema = listOf(issuerSchema).meta({ id: 'IssuerList' });

/** Fetching a key set takes 5 seconds at most. */
const timeoutMs = 15_000;
const reference = z.object({ issuerId: z.string().max(512) });

/** Throws ISSUER_INVALID, ISSUER_TAKEN, ISSUER_KEYS_UNAVAILABLE, PUBLIC_KEY_INVALID, SCOPE_NOT_HELD. */
export const createIssuer = defineRequest({
  subject: 'auth.v1.issuers.create',
  request: createIssuerSchema,
  reply: issuerSchema,
  timeoutMs,
});

export const listIssuers = defineRequest({
  subject: 'auth.v1.issuers.list',
  request: pageRequest,
  reply: issuerListSchema,
  idempotent: true,
});

export const getIssuer = defineRequest({
  subject: 'auth.v1.issuers.get',
  request: reference,
  reply: issuerSchema,
  idempotent: true,
});

/** What is lowered is lowered for tokens that are out, too, within a second. */
export const changeIssuer = defineRequest({
  subject: 'auth.v1.issuers.change',
  request: changeIssuerSchema.safeExtend(reference.shape),
  reply: issuerSchema,
  idempotent: true,
  timeoutMs,
});

/** Ends all that came from there. */
export const deleteIssuer = defineRequest({
  subject: 'auth.v1.issuers.delete',
  request: reference,
  reply: empty,
});

/**
 * Asked by a gateway that meets a `kid` which it does not know. Auth fetches the key set anew, unless it did a moment ago,
 * and says whether the key is in it.
 */
export const refreshIssuerKeys = defineRequest({
  subject: 'auth.v1.issuers.refresh-keys',
  request: reference.extend({ kid: z.string().max(200) }),
  reply: z.object({ isThere: z.boolean() }),
  authority: 'anyone',
  idempotent: true,
  timeoutMs: 10_000,
});
