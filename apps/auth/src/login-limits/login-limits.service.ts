import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { passing } from './gate.ts';
import { KnownAddressesRepository } from './known-addresses.repository.ts';
import { PairsRepository } from './pairs.repository.ts';
import { accountPolicy, addressPolicy } from './throttle.ts';
import { WindowsRepository } from './windows.repository.ts';

interface Attempt {
  readonly email: string;
  /** What counts as one address: the gateway says it. */
  readonly address: string;
}

/**
 * Slows down whoever guesses passwords, and locks nobody out: an address that has signed in to an account is held back by
 * its own failures alone, whatever others do. Accounts that do not exist are treated alike. Counted in MongoDB, for all
 * processes and over restarts.
 */
@Injectable()
export class LoginLimitsService {
  constructor(
    private readonly pairs: PairsRepository,
    private readonly windows: WindowsRepository,
    private readonly known: KnownAddressesRepository,
  ) {}

  /** `work` resolves undefined for a failed login. Throws LOGIN_THROTTLED, before any work. */
  async attempt<Result>({ email, address }: Attempt, work: () => Promise<Result | undefined>) {
    const account = digest(email.toLowerCase());
    const pair = digest(account, address);
    const strangers = (await this.known.isKnown(pair))
      ? []
      : [
          this.windows.gate(`address.${digest(address)}`, addressPolicy),
          this.windows.gate(`account.${account}`, accountPolicy),
        ];
    const result = await passing([this.pairs.gate(pair), ...strangers], work);
    if (result !== undefined) await this.known.remember(pair);
    return result;
  }

  /** Whoever is signed in already is slowed down by their session too, wherever they ask from. */
  attemptInSession<Result>(
    { email, address, sessionId }: Attempt & { readonly sessionId: string },
    work: () => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    const pair = digest(digest(email.toLowerCase()), address);
    return passing([this.pairs.gate(pair), this.pairs.gate(`session.${sessionId}`)], work);
  }
}

/** What is counted names nobody: who reads the database learns no email that somebody tried. */
const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
