import { KeyportError, type ErrorCode, type TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Client } from '../clients/client.model.ts';
import type { DeviceAuthorization } from './device-authorization.model.ts';
import { DeviceAuthorizationsRepository } from './device-authorizations.repository.ts';
import { deviceCodeHash } from './device-code.ts';
import { judgePoll, type PollOutcome } from './device-rules.ts';
import { DeviceSessionsService } from './device-sessions.service.ts';

export interface Poll {
  readonly deviceCode: string;
  readonly client: Client;
  readonly dpopJkt: string | undefined;
}

/** RFC 8628 §3.5. */
const refusals: Readonly<Record<Exclude<PollOutcome, 'approved' | 'redeemed'>, ErrorCode>> = {
  pending: 'DEVICE_PENDING',
  slow_down: 'DEVICE_SLOW_DOWN',
  expired: 'DEVICE_CODE_EXPIRED',
  denied: 'DEVICE_DENIED',
};

/** Tells a device that polls what its person said, and hands it its tokens, once. */
@Injectable()
export class DeviceRedemptionService {
  constructor(
    private readonly authorizations: DeviceAuthorizationsRepository,
    private readonly sessions: DeviceSessionsService,
  ) {}

  /** Throws DEVICE_PENDING, DEVICE_SLOW_DOWN, DEVICE_CODE_EXPIRED, DEVICE_DENIED, OAUTH_GRANT_INVALID. */
  async poll({ deviceCode, client, dpopJkt }: Poll): Promise<TokenResponse> {
    const { _id: id } = await this.ownOf(client, deviceCode);
    const now = new Date();
    const before = await this.authorizations.notePoll(id, now);
    if (!before) throw unknownCode();
    const outcome = judgePoll(before, now);
    if (outcome === 'slow_down') await this.authorizations.slowDown(id);
    if (outcome === 'redeemed') return this.refuseReuse(before);
    if (outcome !== 'approved') throw new KeyportError(refusals[outcome]);
    // Of two polls at once one fetches the tokens; the other is a second use.
    if (!(await this.authorizations.redeem(id))) return this.refuseReuse(before);
    return this.sessions.open(before.sessionId as string, client, dpopJkt);
  }

  /** Before all else: another client's try must change nothing. */
  private async ownOf(client: Client, deviceCode: string): Promise<DeviceAuthorization> {
    const id = deviceCodeHash(deviceCode);
    const found = id === undefined ? null : await this.authorizations.find(id);
    if (found?.clientId !== client._id) throw unknownCode();
    return found;
  }

  /** Two have the device code, so who holds the tokens may not be who should (RFC 6749 §4.1.2, of another code). */
  private async refuseReuse({ sessionId }: DeviceAuthorization): Promise<never> {
    if (sessionId !== null) await this.sessions.end(sessionId, 'the device code was used twice');
    throw new KeyportError('OAUTH_GRANT_INVALID', { reason: 'the device code was used before' });
  }
}

const unknownCode = () => new KeyportError('OAUTH_GRANT_INVALID', { reason: 'no such device code' });
