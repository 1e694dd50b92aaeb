import { hash } from 'node:crypto';
import type { VerifiedProof } from '@keyport/access';
import { buckets, KeyportError } from '@keyport/contracts';
import { BUS_CONNECTION, BusHealth } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream, JetStreamApiCodes, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

const answerMs = 2_000;

/** With a token that is bound to the key, or with a request for one: a proof is for one URL, so nobody shows one in both. */
export type ShownWith = 'token' | 'tokenRequest';

const bucketOf = { token: buckets.dpopProofs, tokenRequest: buckets.dpopTokenProofs };

/**
 * Which DPoP proofs were shown, to any gateway: JetStream takes the first entry under a subject and refuses every other,
 * whichever gateway sends it. One key's proofs are its own (RFC 9449 §11.1): nobody can use up what another may show.
 */
@Injectable()
export class ProofMemory {
  private readonly client: JetStreamClient;

  constructor(
    @Inject(BUS_CONNECTION) connection: NatsConnection,
    private readonly health: BusHealth,
  ) {
    this.client = jetstream(connection, { checkAPI: false });
  }

  /** True for the first of all who show it. Throws SERVICE_UNAVAILABLE where nobody can say. */
  async isFirst({ thumbprint, proofId }: VerifiedProof, shownWith: ShownWith): Promise<boolean> {
    // The client would keep the message until the bus is back.
    if (!this.health.isConnected) throw unavailable();
    const name = hash('sha256', `${thumbprint}.${proofId}`, 'base64url');
    const onlyIfAbsent = { expect: { lastSubjectSequence: 0 }, timeout: answerMs };
    try {
      await this.health.orLost(this.client.publish(`$KV.${bucketOf[shownWith].name}.${name}`, '', onlyIfAbsent));
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw unavailable(error);
    }
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;

const unavailable = (cause?: unknown) => new KeyportError('SERVICE_UNAVAILABLE', { service: 'bus' }, { cause });
