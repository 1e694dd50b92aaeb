import { createHash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { passing } from '../login-limits/gate.ts';
import type { WindowPolicy } from '../login-limits/throttle.ts';
import { WindowsRepository } from '../login-limits/windows.repository.ts';

const windowMs = 15 * 60_000;
/** A person mistypes a code a few times. */
const userPolicy: WindowPolicy = { limit: 10, windowMs };
/** Several people behind one address do. */
const addressPolicy: WindowPolicy = { limit: 50, windowMs };
/** With 1,000 codes waiting, all guesses of a year together find one with a chance of about one to 700. */
const deploymentPolicy: WindowPolicy = { limit: 1_000, windowMs };

interface Guess {
  readonly userId: string;
  readonly address: string;
}

/** Holds back whoever guesses the codes that devices show (RFC 8628 §5.1); counted in MongoDB, for all processes. */
@Injectable()
export class CodeGuessesService {
  constructor(private readonly windows: WindowsRepository) {}

  /** `work` resolves undefined for a code that nobody shows. Throws DEVICE_CODE_THROTTLED, before any work. */
  async attempt<Result>({ userId, address }: Guess, work: () => Promise<Result | undefined>) {
    const gates = [
      this.windows.gate(`device-user.${userId}`, userPolicy),
      this.windows.gate(`device-address.${digest(address)}`, addressPolicy),
      this.windows.gate('device-deployment', deploymentPolicy),
    ];
    try {
      return await passing(gates, work);
    } catch (error) {
      if (!(error instanceof KeyportError) || error.code !== 'LOGIN_THROTTLED') throw error;
      throw new KeyportError('DEVICE_CODE_THROTTLED', error.params, { cause: error });
    }
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
