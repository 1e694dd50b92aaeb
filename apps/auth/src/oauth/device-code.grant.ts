import { deviceCodeGrantType, type TokenResponse } from '@keyport/contracts';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { DeviceRedemptionService } from '../devices/device-redemption.service.ts';
import type { Grant, GrantRequest } from './grant.ts';

/** RFC 8628 §3.4: a device that has no keyboard asks whether its person has said yes. */
@Injectable()
export class DeviceCodeGrant implements Grant<typeof deviceCodeGrantType> {
  readonly grantType = deviceCodeGrantType;
  readonly needsClient = true;

  constructor(private readonly redemption: DeviceRedemptionService) {}

  async issue({ grant, client, dpopJkt }: GrantRequest<typeof deviceCodeGrantType>): Promise<TokenResponse> {
    if (!client) throw new KeyportError('OAUTH_CLIENT_INVALID');
    return this.redemption.poll({ deviceCode: grant.device_code, client, dpopJkt });
  }
}
