import { maxAccessLifetimeSeconds, type Caller, type Identity } from '@keyport/access';
import { maxIssuerLifetimeSeconds } from '@keyport/contracts';
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
    // The context that the token came in does not tell when it ends.
    await this.endToken(identity, await this.endOf(identity));
  }

  /** As {@link logout}, of a token that ends then. */
  async endToken(identity: Identity, tokenEndsAt: Date): Promise<void> {
    const ending = { by: identity.subject, reason: 'signed out' };
    if (identity.sessionId !== undefined) return this.sessions.end(identity.sessionId, ending);
    const issuer = this.signingKeys.isOwnIssuer(identity.issuer) ? undefined : identity.issuer;
    await this.revocations.end(
      { level: 'jti', issuer, jti: identity.tokenId },
      { ...ending, endsAt: revocationKeptUntil(tokenEndsAt, new Date()) },
    );
  }

  /** When the token has surely ended. */
  private async endOf({ keyId, issuedAt, origin, issuerId }: Caller['identity']): Promise<Date> {
    if (origin) return new Date(origin.exp * 1000);
    if (issuerId !== undefined) return new Date((issuedAt + maxIssuerLifetimeSeconds) * 1000);
    const [key] = keyId === undefined ? [] : await this.keys.findAll([keyId]);
    return key?.expiresAt ?? new Date((issuedAt + maxAccessLifetimeSeconds) * 1000);
  }
}
