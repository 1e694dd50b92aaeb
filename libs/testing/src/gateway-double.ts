import type { KeyportError, ReplyOf, RequestContract, RequestInput } from '@keyport/contracts';
import type { Requester } from '@keyport/messaging';
import { refusalOf } from './code-of.ts';
import { ContextSigner, type Who } from './context-signer.ts';
import type { TestServers } from './test-servers.ts';

/** Longer than any machine stands still. */
const patienceMs = 60_000;

/** Speaks for callers as a gateway does: with the gateway's NATS user, and contexts that it signs itself. */
export class GatewayDouble {
  private constructor(
    readonly requester: Requester,
    private readonly signer: ContextSigner,
  ) {}

  /** Waits for auth, or whoever makes the buckets of the bus. */
  static async on(servers: TestServers): Promise<GatewayDouble> {
    const signer = await ContextSigner.on(await servers.connectionOf('gateway'));
    return new GatewayDouble(await servers.requesterOf('gateway'), signer);
  }

  /** The authority of someone by what their token says. */
  contextFor(who: Who): Promise<string> {
    return this.signer.sign(who);
  }

  /** The authority of someone with these scopes. */
  caller(sub: string, scopes: readonly string[], jti?: string): Promise<string> {
    return this.signer.sign({ sub, scope: scopes.join(' '), ...(jti && { jti }) });
  }

  /** Asks in somebody's name, or in nobody's. */
  async ask<C extends RequestContract>(contract: C, request: RequestInput<C>, who?: Who): Promise<ReplyOf<C>> {
    const timeoutMs = Math.max(contract.timeoutMs, patienceMs);
    return this.requester.request(contract, request, {
      timeoutMs,
      ...(who && { authority: await this.signer.sign(who) }),
    });
  }

  /** The error that the request ends with, or undefined. */
  refusal<C extends RequestContract>(
    contract: C,
    request: RequestInput<C>,
    who?: Who,
  ): Promise<KeyportError | undefined> {
    return refusalOf(this.ask(contract, request, who));
  }
}
