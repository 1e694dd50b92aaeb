import { maxAccessLifetimeSeconds, type Caller } from '@keyport/access';
import { Injectable } from '@nestjs/common';
import { KeysRepository } from '../keys/keys.repository.ts';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { RevocationsService } from '../revocations/revocations.service.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { SessionEndingService } from './session-ending.service.ts';

/** Whoever holds a token may end it. */
@Injectable()
export class LogoutService {
  constructor(
    private readonly sessions: SessionEndingService,
    private readonly revocations: RevocationsService,
    private readonly keys: KeysRepository,
    private readonly signingKeys: SigningKeysService,
  ) {}

  /** Ends a session with its refresh tokens; of a key or a self-issued token, that one token and the jobs it started. */
  async logout({ identity }: Caller): Promise<void> {
    const ending = { by: identity.subject, reason: 'signed out' };
    if (identity.sessionId !== undefined) return this.sessions.end(identity.sessionId, ending);
    const issuer = this.signingKeys.isOwnIssuer(identity.issuer) ? undefined : identity.issuer;
    const now = new Date();
    const tokenEndsAt = await this.endOf(identity);
    await this.revocations.end(
      { level: 'jti', issuer, jti: identity.tokenId },
      { ...ending, endsAt: revocationKeptUntil(tokenEndsAt, now) },
    );
  }

  /** When the token has surely ended; the context that it came in does not tell. */
  private async endOf({ keyId, issuedAt }: Caller['identity']): Promise<Date> {
    const [key] = keyId === undefined ? [] : await this.keys.findAll([keyId]);
    return key?.expiresAt ?? new Date((issuedAt + maxAccessLifetimeSeconds) * 1000);
  }
}
