import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type changeIssuer,
  type createIssuer,
  type listIssuers,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { z } from 'zod';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { requireHeld, requireMayMakeTokens, requireUnnarrowed } from '../keys/key-rules.ts';
import { KeySetsService } from '../key-sets/key-sets.service.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { requireOthersIssuer } from './issuer-rules.ts';
import type { Issuer } from './issuer.model.ts';
import { IssuersRepository } from './issuers.repository.ts';
import { presentIssuer } from './present-issuer.ts';

/** What MongoDB gives as ids. They grow with time, so the last one says where the next page begins. */
const ids = z.string().regex(/^[0-9a-f]{24}$/);

/** Issuers whose tokens this deployment takes. */
@Injectable()
export class IssuersService {
  constructor(
    private readonly issuers: IssuersRepository,
    private readonly keySets: KeySetsService,
    private readonly rights: RightsProjection,
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Resolves once the bus shows it: its tokens then work everywhere. */
  async create(caller: Caller, request: RequestOf<typeof createIssuer>): Promise<ReplyOf<typeof createIssuer>> {
    caller.require('issuers:create');
    requireMayGive(caller, request.ceiling);
    const own = [this.config.KEYPORT_PUBLIC_URL, ...this.signingKeys.ownIssuers()];
    requireOthersIssuer(request.issuer, { own, isLocalAllowed: this.keySets.isLocalAllowed });
    const { jwks, jwksUri, ...rest } = request;
    const issuer: Issuer = {
      ...rest,
      _id: new Types.ObjectId().toHexString(),
      ceiling: [...new Set(request.ceiling)],
      ...(await this.keySets.first({ jwks, jwksUri })),
      ...{ createdAt: new Date(), createdBy: caller.identity.subject, version: 1 },
    };
    await this.issuers.insert(issuer);
    await this.rights.showIssuer(issuer._id);
    return presentIssuer(issuer);
  }

  async list(caller: Caller, request: RequestOf<typeof listIssuers>): Promise<ReplyOf<typeof listIssuers>> {
    caller.require('issuers:read');
    const { limit, cursor } = request;
    const found = await this.issuers.page(limit + 1, readCursor(ids, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(presentIssuer), next };
  }

  async get(caller: Caller, issuerId: string) {
    caller.require('issuers:read');
    return presentIssuer(await this.found(issuerId));
  }

  /**
   * Whoever changes what an issuer is trusted with could let it speak for anybody: they must hold all that it may do
   * afterwards. Resolves once the bus shows it.
   */
  async change(caller: Caller, request: RequestOf<typeof changeIssuer>): Promise<ReplyOf<typeof changeIssuer>> {
    caller.require('issuers:update');
    const { issuerId, jwks, jwksUri, ...rest } = request;
    const asked = withoutUndefined(rest);
    const keys = jwks || jwksUri !== undefined ? await this.keySets.first({ jwks, jwksUri }) : {};
    for (;;) {
      const issuer = await this.found(issuerId);
      const ceiling = [...new Set(asked.ceiling ?? issuer.ceiling)];
      requireMayGive(caller, ceiling);
      const changed = await this.issuers.change(issuer, { ...asked, ceiling, ...keys });
      if (!changed) continue;
      await this.rights.showIssuer(issuerId);
      return presentIssuer(changed);
    }
  }

  /** Resolves once the bus shows it: all that came from there ends. */
  async delete(caller: Caller, issuerId: string): Promise<void> {
    caller.require('issuers:delete');
    if (!(await this.issuers.delete(issuerId))) throw new KeyportError('ISSUER_NOT_FOUND', { issuerId });
    await this.rights.showIssuer(issuerId);
  }

  private async found(issuerId: string): Promise<Issuer> {
    const issuer = await this.issuers.find(issuerId);
    if (!issuer) throw new KeyportError('ISSUER_NOT_FOUND', { issuerId });
    return issuer;
  }
}

/** What comes from an issuer is cut by its ceiling alone, so whoever sets it must hold it without narrowing. */
function requireMayGive({ identity, scopes }: Caller, ceiling: readonly string[]): void {
  requireMayMakeTokens(identity);
  requireHeld(ceiling, scopes);
  requireUnnarrowed(ceiling, identity.details);
}

const withoutUndefined = <Given extends object>(given: Given) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Given]?: Exclude<Given[Name], undefined>;
  };
