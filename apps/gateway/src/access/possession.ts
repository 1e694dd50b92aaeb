import { ProofFault, SIGNING_KEYS, verifyProof, type KeyView, type VerifiedProof } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { ProofLimits, type GiveBack } from '../limits/proof-limits.ts';
import { presentedProofOf, type PresentedToken } from './presented-token.ts';
import type { Principal } from './principal.ts';
import { ProofMemory, type ShownWith } from './proof-memory.ts';

/** Of a request, what a proof is compared with. */
type Proven = Pick<FastifyRequest, 'method' | 'url' | 'ip'> & {
  readonly raw: Pick<FastifyRequest['raw'], 'rawHeaders'>;
};

interface Expected {
  readonly shownWith: ShownWith;
  /** Counts it, before it is remembered. Throws RATE_LIMITED. */
  readonly count: () => GiveBack;
  readonly boundTo?: string;
  readonly accessToken?: string;
}

/** Whether who shows a token, or asks for one, holds the key that it is bound to (RFC 9449). */
@Injectable()
export class Possession {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(SIGNING_KEYS) private readonly signingKeys: Pick<KeyView, 'issuers'>,
    private readonly memory: ProofMemory,
    private readonly limits: ProofLimits,
  ) {}

  /**
   * Of a token that verified; its proof is judged anew with each request. Throws TOKEN_INVALID where the scheme is not that
   * of the token (§7.1), DPOP_PROOF_INVALID, RATE_LIMITED where its holder showed too many, and SERVICE_UNAVAILABLE where
   * nobody knows which proofs were shown before.
   */
  async require(request: Proven, { scheme, token }: PresentedToken, principal: Principal): Promise<void> {
    const { boundTo } = principal;
    if (scheme === 'Bearer') throw unfit('the token is bound to a key: send it as DPoP, with a proof');
    if (boundTo === undefined) throw unfit('the token is bound to no key: send it as Bearer');
    const proof = presentedProofOf(request);
    if (proof === undefined) throw refusal(new ProofFault('presence', 'there is no DPoP header'));
    const count = () => this.limits.countShown(principal);
    await this.verify(proof, request, { shownWith: 'token', count, boundTo, accessToken: token });
  }

  /**
   * Thumbprint of the key that a token is to be bound to; undefined where no proof came with the request for it (§5). Throws
   * DPOP_PROOF_INVALID, RATE_LIMITED, SERVICE_UNAVAILABLE.
   */
  async thumbprintIn(request: Proven): Promise<string | undefined> {
    const proof = presentedProofOf(request);
    if (proof === undefined) return undefined;
    const count = () => this.limits.countAsked(request.ip);
    return (await this.verify(proof, request, { shownWith: 'tokenRequest', count })).thumbprint;
  }

  private async verify(proof: string, request: Proven, expected: Expected): Promise<VerifiedProof> {
    const { boundTo, accessToken } = expected;
    try {
      const verified = await verifyProof(proof, {
        method: request.method,
        urls: this.urlsOf(request),
        ...(accessToken !== undefined && { accessToken }),
      });
      if (boundTo !== undefined && verified.thumbprint !== boundTo)
        throw new ProofFault('binding', 'the key is not the one that the token is bound to');
      await this.remember(verified, expected);
      return verified;
    } catch (error) {
      throw error instanceof ProofFault ? refusal(error) : error;
    }
  }

  /** Last, so that only who holds the key of a good token is counted, and fills the memory. */
  private async remember(proof: VerifiedProof, { shownWith, count }: Expected): Promise<void> {
    const giveBack = count();
    if (await this.memory.isFirst(proof, shownWith)) return;
    // Whoever overheard a proof uses up nothing of what its holder may show.
    giveBack();
    throw new ProofFault('replay', 'the proof was shown before');
  }

  /** Under each address that the deployment has, or had: a proxy in front may call the gateway by another name. */
  private urlsOf({ url }: Proven): string[] {
    const addresses = new Set([this.config.KEYPORT_PUBLIC_URL, ...this.signingKeys.issuers()]);
    return [...addresses].map((address) => address.replace(/\/$/, '') + url);
  }
}

/** Whether there is more to ask than whether the token is good. */
export const asksForProof = (presented: PresentedToken, { boundTo }: Pick<Principal, 'boundTo'>): boolean =>
  presented.scheme === 'DPoP' || boundTo !== undefined;

const unfit = (reason: string) => new KeyportError('TOKEN_INVALID', { check: 'binding', reason });

const refusal = ({ check, reason }: ProofFault) => new KeyportError('DPOP_PROOF_INVALID', { check, reason });
