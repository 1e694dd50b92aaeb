import { randomUUID } from 'node:crypto';
import { accessClaims, maxTokenBytes, nowSeconds, readStrictJws, TokenFault, tokenTypes } from '@keyport/access';
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
  /** Makes the token an API key; a session has none. */
  readonly keyId?: string;
  /** Id of the sign-in that a session's token belongs to. */
  readonly sessionId?: string;
  /** What the token's revocation follows: keys and registered public keys it was minted through, nearest first. */
  readonly ancestors?: readonly string[];
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
      client_id: 'keyport',
      iat,
      exp,
      jti: tokenId,
      scope: request.scopes.join(' '),
      ...optionalClaims(request),
    });
    const { kid: signedBy } = readBack(token);
    return { token, tokenId, signedBy, issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
  }
}

const optionalClaims = ({ keyId, sessionId, ancestors = [], authorizationDetails }: TokenRequest) => ({
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
