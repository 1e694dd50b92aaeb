import type { z } from 'zod';

/**
 * How a message travels. `json` for control messages, readable from any NATS client; `bson` where a field holds bulk
 * bytes (`Uint8Array`), so that rows are not turned into text on the way.
 */
export type Encoding = 'json' | 'bson';

/** One request on the bus and its reply: the only thing both ends share. */
export interface RequestContract<Request extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  /** NATS subject, `<service>.v1.<what>`; the first token names the service that answers. */
  readonly subject: string;
  readonly request: Request;
  readonly reply: Reply;
  readonly encoding: Encoding;
  /** Asking twice does what asking once does, so the requester may ask again. */
  readonly idempotent: boolean;
  /** Milliseconds the requester waits for one answer. */
  readonly timeoutMs: number;
  /** `caller`: a signed caller context or job grant must come with it. `anyone`: none (login). */
  readonly authority: 'caller' | 'anyone';
  /** A revoked job grant reaches the handler, as a caller who is marked and may nothing. Else it is refused before. */
  readonly admitsRevokedGrants: boolean;
  /** Number of reply messages: one, or several of which the last is marked. */
  readonly replies: 'one' | 'many';
}

type Options = Partial<
  Pick<RequestContract, 'encoding' | 'idempotent' | 'timeoutMs' | 'authority' | 'admitsRevokedGrants'>
>;

const defaults = {
  encoding: 'json',
  idempotent: false,
  timeoutMs: 5_000,
  authority: 'caller',
  admitsRevokedGrants: false,
} as const;

/** Defines a request answered by one message. */
export function defineRequest<Request extends z.ZodType, Reply extends z.ZodType>(
  contract: { subject: string; request: Request; reply: Reply } & Options,
): RequestContract<Request, Reply> {
  return { ...defaults, ...contract, replies: 'one' };
}

/** Defines a request answered by a few messages, in order; the requester reads them as an async iterable. */
export function defineStream<Request extends z.ZodType, Reply extends z.ZodType>(
  contract: { subject: string; request: Request; reply: Reply } & Options,
): RequestContract<Request, Reply> {
  return { ...defineRequest(contract), replies: 'many' };
}

export type RequestOf<C extends RequestContract> = z.output<C['request']>;
export type RequestInput<C extends RequestContract> = z.input<C['request']>;
export type ReplyOf<C extends RequestContract> = z.output<C['reply']>;
