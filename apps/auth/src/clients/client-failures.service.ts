import { createHash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { WindowsRepository } from '../login-limits/windows.repository.ts';
import { addressPolicy } from '../login-limits/throttle.ts';
import type { Client } from './client.model.ts';

interface Outcome {
  readonly client: Client | null;
  readonly isProven: boolean;
}

/**
 * Holds back whoever keeps failing to prove that it is a client, from one address. Not to keep secrets from being guessed,
 * which have 256 bits, but so that a program that was set up wrongly, or somebody who tries, makes no more work. Other
 * clients at the same address are not concerned.
 */
@Injectable()
export class ClientFailuresService {
  constructor(private readonly windows: WindowsRepository) {}

  /** Throws OAUTH_CLIENT_INVALID where the client is not proven, and CLIENT_THROTTLED before any work. */
  async attempt(clientId: string | undefined, address: string, work: () => Promise<Outcome>): Promise<Client> {
    const named = nameOf(clientId, address);
    const state = await this.windows.stateOf(named, addressPolicy);
    if (state.isClosed) throw throttled(state.retryAfterMs);
    const { client, isProven } = await work();
    if (client && isProven) return client;
    // Names that nobody has are counted together: else each of them would be remembered.
    await this.windows.count(client ? named : nameOf(undefined, address), addressPolicy);
    throw new KeyportError('OAUTH_CLIENT_INVALID', client ? { account: client._id } : {});
  }
}

const throttled = (retryAfterMs: number) =>
  new KeyportError('CLIENT_THROTTLED', { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) });

const nameOf = (clientId = '', address: string) =>
  `client.${createHash('sha256')
    .update(JSON.stringify([clientId, address]))
    .digest('base64url')}`;
