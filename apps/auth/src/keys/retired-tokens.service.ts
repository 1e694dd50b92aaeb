import { Injectable } from '@nestjs/common';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { RevocationsService } from '../revocations/revocations.service.ts';
import type { Key } from './key.model.ts';
import { KeysRepository } from './keys.repository.ts';

/**
 * Ends the tokens that rotation replaced. The bus is told at once when each ends, and every gateway and service holds to
 * it by its own clock: no process needs to be alive at that moment.
 */
@Injectable()
export class RetiredTokensService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly revocations: RevocationsService,
  ) {}

  /** Resolves once the bus holds the end of each token of the key that was replaced. */
  async tell({ _id: keyId, userId, expiresAt, previousTokens }: Key): Promise<void> {
    // Where the key itself is revoked without being its holder's doing, the new token is too.
    await this.revocations.keepUntil({ level: 'key', keyId }, revocationKeptUntil(expiresAt, new Date()));
    for (const token of previousTokens.filter(({ isTold }) => !isTold)) {
      await this.revocations.end(
        { level: 'jti', jti: token.tokenId },
        {
          from: token.endsAt,
          endsAt: revocationKeptUntil(token.expiresAt, token.endsAt),
          ...{ by: userId, reason: 'replaced by a new token of the key' },
        },
      );
      await this.keys.markTold(keyId, token);
    }
  }

  /** Tells what a process did not come to tell before it died. */
  async reconcile(): Promise<void> {
    for (const key of await this.keys.withUntoldTokens()) await this.tell(key);
  }
}
