import type { getIssuer, IssuerRights, ReplyOf } from '@keyport/contracts';
import type { Issuer } from './issuer.model.ts';

/** An issuer as callers see it. */
export const presentIssuer = (issuer: Issuer): ReplyOf<typeof getIssuer> => ({
  id: issuer._id,
  issuer: issuer.issuer,
  jwksUri: issuer.jwksUri,
  audience: issuer.audience,
  scopeMapping: issuer.scopeMapping.map((rule) => ({ ...rule, scopes: [...rule.scopes] })),
  ceiling: [...issuer.ceiling],
  maxLifetimeSeconds: issuer.maxLifetimeSeconds,
  trust: issuer.trust,
  typ: issuer.typ,
  keySet: {
    kids: [...new Set(issuer.keys.map(({ kid }) => kid))],
    fetchedAt: issuer.fetchedAt?.toISOString() ?? null,
    problem: issuer.problem,
  },
  createdAt: issuer.createdAt.toISOString(),
  createdBy: issuer.createdBy,
});

/** What the bus shows of it, and its tokens are judged by. */
export const issuerEntry = (issuer: Issuer): IssuerRights => ({
  kind: 'issuer',
  issuer: issuer.issuer,
  audience: issuer.audience,
  typ: issuer.typ,
  trust: issuer.trust,
  scopeMapping: issuer.scopeMapping.map((rule) => ({ ...rule, scopes: [...rule.scopes] })),
  ceiling: [...issuer.ceiling],
  maxLifetimeSeconds: issuer.maxLifetimeSeconds,
  keys: [...issuer.keys],
});
