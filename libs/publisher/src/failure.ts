import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** JetStream API error codes (nats-server, `errors.json`): maximum bytes or messages exceeded, no more storage. */
const streamFullCodes = new Set([10077, 10023, 10047]);
/** The message is larger than the stream takes. */
const tooLargeCode = 10054;

export type Failure = 'full' | 'too large' | 'not permitted' | 'closed' | 'unacknowledged';

/** What an error of a publication means; all but the first and the last are for good. */
export function failureOf(error: unknown): Failure {
  const chain = causesOf(error);
  if (chain.some((one) => one instanceof errors.PermissionViolationError)) return 'not permitted';
  const refusal = chain.find((one) => one instanceof JetStreamApiError);
  if (refusal && streamFullCodes.has(refusal.code)) return 'full';
  if (refusal?.code === tooLargeCode) return 'too large';
  if (chain.some((one) => one instanceof errors.ClosedConnectionError || one instanceof errors.DrainingConnectionError))
    return 'closed';
  return 'unacknowledged';
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at instanceof Error && chain.length < 10; at = at.cause) chain.push(at);
  return chain;
}
