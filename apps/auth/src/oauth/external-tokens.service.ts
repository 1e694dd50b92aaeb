import {
  identityOfExternal,
  TokenFault,
  verifyExternal,
  type ExternalExpectation,
  type Identity,
} from '@keyport/access';
import type { IssuerRights } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Issuer } from '../issuers/issuer.model.ts';
import { IssuersRepository } from '../issuers/issuers.repository.ts';
import { issuerEntry } from '../issuers/present-issuer.ts';
import { KeySetsService } from '../key-sets/key-sets.service.ts';
import { refuseExchange } from './exchange-rules.ts';
import { TokenStatesService } from './token-states.service.ts';

/** A token of another issuer that is good now. */
export interface ExternalToken {
  readonly identity: Identity;
  /** Seconds since the epoch. */
  readonly exp: number;
  readonly issuer: IssuerRights;
  /** Thumbprint of the key that its holder must prove to hold (RFC 9449). */
  readonly boundTo: string | undefined;
}

/** Verifies tokens of registered issuers at the token endpoint, by what MongoDB has of those now. */
@Injectable()
export class ExternalTokensService {
  constructor(
    private readonly issuers: IssuersRepository,
    private readonly keySets: KeySetsService,
    private readonly tokens: TokenStatesService,
  ) {}

  /** Fetches its key set anew where it does not know the key that the token names. Null for one that is not registered. */
  async issuerOf({ iss, kid }: { readonly iss: string; readonly kid: string }): Promise<Issuer | null> {
    const issuer = await this.issuers.named(iss);
    if (!issuer || issuer.keys.some((key) => key.kid === kid)) return issuer;
    await this.keySets.look(issuer._id, kid);
    return this.issuers.find(issuer._id);
  }

  /** Throws OAUTH_REQUEST_INVALID. */
  async read(token: string, issuer: Issuer, expected: ExternalExpectation): Promise<ExternalToken> {
    const entry = issuerEntry(issuer);
    try {
      const { claims, kid } = await verifyExternal(token, entry, expected);
      const identity = identityOfExternal(claims, kid, issuer._id, entry);
      const revocation = this.tokens.revocationOf(identity, claims.exp);
      if (revocation) return refuseExchange(revocation.reason);
      return { identity, exp: claims.exp, issuer: entry, boundTo: claims.cnf?.jkt };
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      return refuseExchange(`the token fails the check '${error.check}': ${error.reason}`, error);
    }
  }
}
