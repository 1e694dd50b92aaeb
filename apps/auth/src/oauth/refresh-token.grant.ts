import type { TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { RefreshService } from '../sessions/refresh.service.ts';
import { toTokenResponse } from '../sessions/session-tokens.service.ts';
import type { Grant, GrantRequest } from './grant.ts';

/** RFC 6749 §6, for the refresh tokens of sign-ins: those that a client was given, and those of Keyport's own login. */
@Injectable()
export class RefreshTokenGrant implements Grant<'refresh_token'> {
  readonly grantType = 'refresh_token';
  readonly needsClient = false;

  constructor(private readonly refreshes: RefreshService) {}

  async issue({ grant, client, dpopJkt }: GrantRequest<'refresh_token'>): Promise<TokenResponse> {
    const { refresh_token: refreshToken, scope } = grant;
    return toTokenResponse(
      await this.refreshes.refresh({ refreshToken, clientId: client?._id ?? null, scope, dpopJkt }),
    );
  }
}
