import { setTimeout as delay } from 'node:timers/promises';
import { AccessTokenReader, arrivalMs, SharedWork, type DirectIssuer } from '@keyport/access';
import { refreshIssuerKeys } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';

/** Milliseconds for which auth is not asked again about an issuer's keys, whatever keys its tokens name. */
const askAgainAfterMs = 2_000;

/** Asks auth for a key that an issuer's token names and nobody knows here: after a rotation, or since it was made up. */
@Injectable()
export class ExternalKeys {
  private readonly asking = new SharedWork<void>();
  private readonly askedAt = new Map<string, number>();

  constructor(
    private readonly reader: AccessTokenReader,
    private readonly requester: Requester,
  ) {}

  /** Resolves once the key that the token names is known, or is not to be had; at once for any other token. */
  async prepare(token: string): Promise<void> {
    const issuer = this.reader.direct.issuerOf(token);
    if (!issuer || this.reader.direct.hasKey(issuer)) return;
    const { issuerId } = issuer;
    const isRecent = Date.now() - (this.askedAt.get(issuerId) ?? 0) < askAgainAfterMs;
    await (isRecent ? this.asking.of(issuerId) : this.asking.share(issuerId, () => this.ask(issuer)));
  }

  /** Auth decides whether the issuer is asked. While it is away the key stays unknown. */
  private async ask(issuer: DirectIssuer): Promise<void> {
    this.askedAt.set(issuer.issuerId, Date.now());
    try {
      const { isThere } = await this.requester.request(refreshIssuerKeys, issuer);
      const until = Date.now() + arrivalMs;
      while (isThere && !this.reader.direct.hasKey(issuer) && Date.now() < until) await delay(10);
    } catch {
      // The token is refused for its key.
    }
  }
}
