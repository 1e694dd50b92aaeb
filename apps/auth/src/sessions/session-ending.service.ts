import { Injectable } from '@nestjs/common';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { RevocationsService } from '../revocations/revocations.service.ts';
import { accessTokenSeconds } from './session-rules.ts';
import { SessionsRepository, type EndedSession, type Ending } from './sessions.repository.ts';

/** Revocations written at the same time; each waits for a majority and the bus. */
const atOnce = 16;

/**
 * Ends sessions: first in MongoDB, where no refresh token of it is good from then on, then for its access tokens and the
 * jobs that they started, by a revocation that the bus shows. What a process did not come to revoke before it died is
 * revoked at the next `settle`.
 */
@Injectable()
export class SessionEndingService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly revocations: RevocationsService,
  ) {}

  /** Resolves once the bus shows it. The same may be ended again. */
  async end(sessionId: string, ending: Ending): Promise<void> {
    await this.sessions.end(sessionId, ending);
    await this.settle({ sessionId });
  }

  /** Ends sign-ins before the instant, those of one user or of all: none of them gives another token. */
  async endBegunBefore(instant: Date, userId: string | undefined, ending: Ending): Promise<void> {
    await this.sessions.endBegunBefore(instant, userId, ending);
    await this.settle(userId === undefined ? {} : { userId });
  }

  /** Revokes the access tokens of the user's sessions that have ended. */
  settleAllOf(userId: string): Promise<void> {
    return this.settle({ userId });
  }

  /** Revokes the access tokens of all sessions that have ended. */
  async settle(which: { readonly sessionId?: string; readonly userId?: string } = {}): Promise<void> {
    for (;;) {
      const ended = await this.sessions.unsettled(which);
      if (ended.length === 0) return;
      for (let at = 0; at < ended.length; at += atOnce)
        await Promise.all(ended.slice(at, at + atOnce).map((session) => this.revoke(session)));
    }
  }

  private async revoke({ _id: sessionId, endedAt, endedBy, endReason }: EndedSession): Promise<void> {
    const lastTokenEndsAt = new Date(endedAt.getTime() + accessTokenSeconds * 1000);
    await this.revocations.end(
      { level: 'sid', sessionId },
      { endsAt: revocationKeptUntil(lastTokenEndsAt, endedAt), by: endedBy, reason: endReason },
    );
    await this.sessions.markSettled(sessionId);
  }
}
