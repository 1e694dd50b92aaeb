import { createHash } from 'node:crypto';
import {
  deviceCodeGrantType,
  KeyportError,
  type authorizeDevice,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { ClientAuthenticationService } from '../clients/client-authentication.service.ts';
import type { Client } from '../clients/client.model.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { requestedScopes } from '../oauth/requested-scopes.ts';
import type { DeviceAuthorization } from './device-authorization.model.ts';
import { DeviceAuthorizationsRepository } from './device-authorizations.repository.ts';
import { deviceCodeHash, newDeviceCode } from './device-code.ts';
import { codeSeconds, firstIntervalSeconds, rememberedMs } from './device-rules.ts';
import { newUserCode, shownUserCode } from './user-code.ts';

/** A public client's name is no secret, and each request is remembered: of one client's so many may wait. */
const maxWaiting = 1_000;
/** And of those so many that one address asked for: else whoever knows the name keeps all other devices of the client out. */
const maxWaitingFromAddress = 100;

type From = Pick<DeviceAuthorization, 'clientId' | 'askedFrom'>;

/** Gives a device its two codes: the one that it keeps, and the one that it shows. */
@Injectable()
export class DeviceAuthorizationService {
  constructor(
    private readonly clients: ClientAuthenticationService,
    private readonly authorizations: DeviceAuthorizationsRepository,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** RFC 8628 §3.1. Throws OAUTH_CLIENT_INVALID, OAUTH_CLIENT_UNAUTHORIZED, OAUTH_SCOPE_INVALID, DEVICE_TOO_MANY_WAITING. */
  async authorize(request: RequestOf<typeof authorizeDevice>): Promise<ReplyOf<typeof authorizeDevice>> {
    const client = await this.clients.authenticate(request.client, request.address);
    requireMayUse(client);
    const scopes = requestedScopes(request.scope, client.scopes);
    const from = { clientId: client._id, askedFrom: digest(request.address) };
    await this.requireRoom(from);
    const deviceCode = newDeviceCode();
    const userCode = await this.begin(deviceCode, from, scopes);
    const page = `${this.config.KEYPORT_PUBLIC_URL.replace(/\/$/, '')}/device`;
    return {
      device_code: deviceCode,
      user_code: shownUserCode(userCode),
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${shownUserCode(userCode)}`,
      expires_in: codeSeconds,
      interval: firstIntervalSeconds,
    };
  }

  private async requireRoom({ clientId, askedFrom }: From): Promise<void> {
    const [all, own] = await Promise.all([
      this.authorizations.countWaiting({ clientId }, maxWaiting),
      this.authorizations.countWaiting({ clientId, askedFrom }, maxWaitingFromAddress),
    ]);
    if (all >= maxWaiting || own >= maxWaitingFromAddress)
      throw new KeyportError('DEVICE_TOO_MANY_WAITING', { retryAfterSeconds: 60 });
  }

  /** The user code that it is known by; another is tried where one is taken. */
  private async begin(deviceCode: string, from: From, scopes: readonly string[]): Promise<string> {
    const createdAt = new Date();
    const expiresAt = new Date(createdAt.getTime() + codeSeconds * 1000);
    const authorization: Omit<DeviceAuthorization, 'userCode'> = {
      ...{ _id: deviceCodeHash(deviceCode) as string, ...from, scopes, state: 'pending', sessionId: null },
      ...{ createdAt, expiresAt, polledAt: null, intervalSeconds: firstIntervalSeconds },
      forgottenAt: new Date(expiresAt.getTime() + rememberedMs),
    };
    for (;;) {
      const userCode = newUserCode();
      if (await this.authorizations.insert({ ...authorization, userCode })) return userCode;
    }
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

function requireMayUse(client: Client | undefined): asserts client {
  if (!client) throw new KeyportError('OAUTH_CLIENT_INVALID');
  const grantType = deviceCodeGrantType;
  if (!client.grants.includes(grantType)) throw new KeyportError('OAUTH_CLIENT_UNAUTHORIZED', { grantType });
}
