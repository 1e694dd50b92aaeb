import { randomUUID } from 'node:crypto';
import {
  accessClaims,
  maxTokenBytes,
  nowSeconds,
  readStrictJws,
  TokenFault,
  tokenTypes,
  type OriginClaim,
} from '@keyport/access';
import { KeyportError, type AuthorizationDetail } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  /** RFC 9396; null narrows nothing. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | null;
  /** The registered client that it is given to; without one it is Keyport's own, as of a session or a key. */
  readonly clientId?: string | undefined;
  /** RFC 9449 §6: thumbprint of the key that its holder must prove to hold with each request. */
  readonly dpopJkt?: string | undefined;
  /** Makes the token an API key; a session has none. */
  readonly keyId?: string | undefined;
  /** Id of the sign-in that a session's token belongs to. */
  readonly sessionId?: string;
  /** What the token's revocation follows: keys and registered public keys it was minted through, nearest first. */
  readonly ancestors?: readonly string[];
  /** Id of the registered issuer that it came from. */
  readonly issuerId?: string | undefined;
  /** Of what is exchanged: what ends it with what it was exchanged from. `iat` is the token's own where it is not earlier. */
  readonly origin?: Omit<OriginClaim, 'iat' | 'exp'> & { readonly iat?: number | undefined };
  /** RFC 8693 §4.1. */
  readonly actor?: Readonly<Record<string, unknown>> | undefined;
}

export interface MintedToken {
  readonly token: string;
  readonly tokenId: string;
  /** `kid` of the signing key. */
  readonly signedBy: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The one place where access tokens are made (RFC 9068). */
@Injectable()
export class AccessTokensService {
  constructor(
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws TOKEN_TOO_LARGE, and VALIDATION_FAILED where no gateway would read the details. */
  async mint(request: TokenRequest): Promise<MintedToken> {
    const { KEYPORT_PUBLIC_URL: deployment } = this.config;
    const tokenId = randomUUID();
    const iat = nowSeconds();
    const exp = iat + request.lifetimeSeconds;
    const token = await this.signingKeys.sign(tokenTypes.access, {
      iss: deployment,
      sub: request.subject,
      aud: deployment,
      client_id: request.clientId ?? 'keyport',
      iat,
      exp,
      jti: tokenId,
      scope: request.scopes.join(' '),
      ...optionalClaims(request),
      ...(request.origin && { origin: { ...request.origin, iat: request.origin.iat ?? iat, exp } }),
    });
    const { kid: signedBy } = readBack(token);
    return { token, tokenId, signedBy, issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
  }
}

const optionalClaims = ({
  keyId,
  sessionId,
  ancestors = [],
  authorizationDetails,
  dpopJkt,
  ...more
}: TokenRequest) => ({
  ...(more.issuerId === undefined ? {} : { idp: more.issuerId }),
  ...(more.actor === undefined ? {} : { act: more.actor }),
  ...(dpopJkt === undefined ? {} : { cnf: { jkt: dpopJkt } }),
  ...(keyId === undefined ? {} : { key: keyId }),
  ...(sessionId === undefined ? {} : { sid: sessionId }),
  ...(ancestors.length === 0 ? {} : { anc: ancestors }),
  ...(authorizationDetails ? { authorization_details: authorizationDetails } : {}),
});

/** What no gateway would accept is not made: it may be too large, or its details too many or nested too deeply. */
function readBack(token: string): { readonly kid: string } {
  try {
    const { header, payload } = readStrictJws(token, tokenTypes.access);
    if (!accessClaims.safeParse(payload).success) throw new TokenFault('claims', 'no gateway would accept them');
    return header;
  } catch (cause) {
    if (!(cause instanceof TokenFault)) throw cause;
    if (cause.check === 'size') throw new KeyportError('TOKEN_TOO_LARGE', { limitBytes: maxTokenBytes });
    const message = 'make a token that no gateway reads: too many, or nested too deeply, with those of the maker';
    const errors = [{ path: 'authorizationDetails', code: 'not_readable', message }];
    throw new KeyportError('VALIDATION_FAILED', {}, { cause, errors });
  }
}
