import { intersectScopes, isExternal, namedIssuer, nowSeconds, Refusal, type ExternalKind } from '@keyport/access';
import { tokenTypeNames, type AuthorizationDetail } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import type { TokenRequest } from '../tokens/access-tokens.service.ts';
import { exchangedFrom, givenForExternal, refuseExchange } from './exchange-rules.ts';
import { ExternalTokensService, type ExternalToken } from './external-tokens.service.ts';
import { TokenStatesService } from './token-states.service.ts';

/** What stands behind an exchange. */
export interface Subject {
  /** What the token says that is given for it. */
  readonly given: Pick<TokenRequest, 'subject' | 'origin' | 'keyId' | 'ancestors' | 'issuerId' | 'clientId'>;
  /** What may be given at most. */
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[] | undefined;
  /** How long what is given may live: each a bound. */
  readonly secondsAtMost: readonly number[];
  /** `act` of the token (RFC 8693 §4.1). */
  readonly actor: unknown;
}

interface Presented {
  readonly subject_token: string;
  readonly subject_token_type: string;
}

interface Exchanger {
  readonly clientId: string | undefined;
  readonly dpopJkt: string | undefined;
}

/** RFC 8693 §3 → what such a token of another issuer looks like. */
const kinds: Readonly<Record<string, ExternalKind>> = {
  [tokenTypeNames.accessToken]: 'accessToken',
  [tokenTypeNames.idToken]: 'idToken',
  [tokenTypeNames.jwt]: 'any',
};

/** Reads what is presented to be exchanged: a token of this deployment, of any kind, or of a registered issuer. */
@Injectable()
export class SubjectTokensService {
  constructor(
    private readonly tokens: TokenStatesService,
    private readonly externals: ExternalTokensService,
    private readonly signingKeys: SigningKeysService,
  ) {}

  /** Throws OAUTH_REQUEST_INVALID for one that is not good now. */
  async of({ subject_token: token, subject_token_type: type }: Presented, exchanger: Exchanger): Promise<Subject> {
    const kind = kinds[type];
    if (kind === undefined) return refuseExchange(`subject_token_type must be ${Object.keys(kinds).join(' or ')}`);
    const named = namedIssuer(token);
    const issuer = named && !this.signingKeys.isOwnIssuer(named.iss) ? await this.externals.issuerOf(named) : null;
    if (issuer)
      return this.external(await this.externals.read(token, issuer, { kind, isIdentified: false }), exchanger);
    if (kind === 'idToken') return refuseExchange('the subject token is no ID token of a registered issuer');
    return this.own(token, exchanger);
  }

  private async own(token: string, { clientId, dpopJkt }: Exchanger): Promise<Subject> {
    const read = await this.tokens.read(token);
    if (!read || isExternal(read.holder.identity)) return refuseExchange('the subject token is not valid here');
    const { holder, claims } = read;
    const rights = await this.tokens.rightsOf(holder);
    if (rights instanceof Refusal) return refuseExchange(`the subject token is not good any more: ${rights.reason}`);
    requireProof(claims.cnf?.jkt, dpopJkt);
    return {
      given: exchangedFrom(holder.identity, clientId),
      ...{ scopes: rights.scopes, details: rights.details, actor: claims.act },
      secondsAtMost: [claims.exp - nowSeconds()],
    };
  }

  private external({ identity, exp, issuer, boundTo }: ExternalToken, { clientId, dpopJkt }: Exchanger): Subject {
    requireProof(boundTo, dpopJkt);
    return {
      given: givenForExternal(identity, clientId),
      scopes: intersectScopes(identity.scopes, issuer.ceiling),
      ...{ details: undefined, actor: undefined },
      secondsAtMost: [exp - nowSeconds(), issuer.maxLifetimeSeconds],
    };
  }
}

/** Else whoever found a token could have one without the key that it is bound to. Throws OAUTH_REQUEST_INVALID. */
function requireProof(boundTo: string | undefined, dpopJkt: string | undefined): void {
  if (boundTo !== undefined && boundTo !== dpopJkt)
    refuseExchange('the subject token is bound to a key that this request does not prove');
}
