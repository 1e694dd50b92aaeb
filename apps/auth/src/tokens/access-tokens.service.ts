import { randomUUID } from 'node:crypto';
import { maxTokenBytes, nowSeconds, tokenTypes } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  /** Makes the token an API key; a session has none. */
  readonly keyId?: string;
  readonly ancestors?: readonly string[];
}

export interface MintedToken {
  readonly token: string;
  readonly tokenId: string;
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

  /** Throws TOKEN_TOO_LARGE. */
  async mint({ subject, scopes, lifetimeSeconds, keyId, ancestors = [] }: TokenRequest): Promise<MintedToken> {
    const { KEYPORT_PUBLIC_URL: deployment } = this.config;
    const tokenId = randomUUID();
    const iat = nowSeconds();
    const exp = iat + lifetimeSeconds;
    const token = await this.signingKeys.sign(tokenTypes.access, {
      iss: deployment,
      sub: subject,
      aud: deployment,
      client_id: 'keyport',
      iat,
      exp,
      jti: tokenId,
      scope: scopes.join(' '),
      ...(keyId === undefined ? {} : { key: keyId }),
      ...(ancestors.length === 0 ? {} : { anc: ancestors }),
    });
    if (token.length > maxTokenBytes) throw new KeyportError('TOKEN_TOO_LARGE', { limitBytes: maxTokenBytes });
    return { token, tokenId, issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
  }
}
