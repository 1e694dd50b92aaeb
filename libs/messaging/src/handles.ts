import { KeyportError, type RequestContract, type RequestOf, type ReplyOf } from '@keyport/contracts';
import {
  applyDecorators,
  SetMetadata,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type ArgumentMetadata,
} from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { from, isObservable, map, mergeMap, of, type Observable } from 'rxjs';
import { decodeBody, encodeBody } from './encoding.ts';
import { giveBackSpent } from './give-back.ts';

/** Metadata key under which a handler carries its contract. */
export const contractKey = 'keyport:contract';

/** Marks a value that is already the bytes of a reply. */
export class EncodedReply {
  constructor(readonly body: Uint8Array) {}
}

class ContractPipe implements PipeTransform {
  constructor(private readonly contract: RequestContract) {}

  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    return type === 'body' ? parseRequest(this.contract, value as Uint8Array) : value;
  }
}

/** The request in a message body; throws VALIDATION_FAILED naming each field that is wrong. */
export function parseRequest<C extends RequestContract>(contract: C, body: Uint8Array): RequestOf<C> {
  let decoded: unknown;
  try {
    decoded = decodeBody(contract.encoding, body);
  } catch (cause) {
    throw new KeyportError('MALFORMED_BODY', {}, { cause });
  }
  const parsed = contract.request.safeParse(decoded);
  if (parsed.success) return parsed.data as RequestOf<C>;
  const errors = parsed.error.issues.map(({ path, code, message }) => ({ path: path.join('.'), code, message }));
  throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}

class ReplyInterceptor implements NestInterceptor {
  constructor(private readonly contract: RequestContract) {}

  intercept(_context: ExecutionContext, next: CallHandler<unknown>): Observable<EncodedReply> {
    const encode = map((value: unknown) => {
      const reply = new EncodedReply(encodeBody(this.contract.encoding, value));
      if (typeof value === 'object' && value !== null) giveBackSpent(value);
      return reply;
    });
    if (this.contract.replies === 'one') return next.handle().pipe(encode);
    return next.handle().pipe(mergeMap(streamOf), encode);
  }
}

function streamOf(value: unknown): Observable<unknown> {
  if (isObservable(value)) return value;
  const isIterable = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
  return isIterable ? from(value as AsyncIterable<unknown>) : of(value);
}

type Handler<C extends RequestContract> = (
  request: RequestOf<C>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected beside the request is the handler's own
  ...injected: any[]
) => Promise<ReplyOf<C>> | ReplyOf<C> | AsyncIterable<ReplyOf<C>> | Observable<ReplyOf<C>>;

/**
 * Binds a controller method to a contract: subject, request validation and reply encoding, all from the one value that
 * the requester uses too. Inject the request with `@Payload()` and the caller with `@CallerOf()`.
 */
export function Handles<C extends RequestContract>(contract: C) {
  return <H extends Handler<C>>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<H>): void =>
    applyDecorators(
      MessagePattern(contract.subject),
      SetMetadata(contractKey, contract),
      UsePipes(new ContractPipe(contract)),
      UseInterceptors(new ReplyInterceptor(contract)),
    )(target, key, descriptor);
}
