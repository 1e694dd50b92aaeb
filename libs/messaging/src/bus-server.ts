import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { busHeaders, KeyportError, type ServiceName } from '@keyport/contracts';
import { Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ServerNats, type NatsContext } from '@nestjs/microservices';
import { errors, headers, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { throwError, type Observable } from 'rxjs';
import { EncodedReply } from './handles.ts';
import { leave } from './outbound-messages.ts';
import { encodeError } from './wire-error.ts';

interface Reply {
  readonly response?: EncodedReply;
  readonly err?: unknown;
  readonly isDisposed?: boolean;
}

/** NestJS hands over plain packets; on this bus a request is its raw body, and everything else is a header. */
const requestDeserializer = {
  deserialize: (message: Msg) => ({ pattern: message.subject, id: message.reply ?? '', data: message.data }),
};

const replySerializer = {
  serialize({ response, err, isDisposed }: Reply) {
    if (err !== undefined) {
      const { body, headers: errorHeaders } = encodeError(
        err instanceof KeyportError ? err : new KeyportError('INTERNAL'),
      );
      return { data: body, headers: errorHeaders };
    }
    const hdrs = headers();
    if (isDisposed) hdrs.set(busHeaders.last, '1');
    return { data: leave(response?.body ?? new Uint8Array()), headers: hdrs };
  },
};

/** Milliseconds for requests in hand to be answered when the process ends; the stack gives an app 4 s in all. */
const answerWithinMs = 2_500;

/** The NATS transport of NestJS on the connection that the process already has, in a queue group of the service's name. */
export class BusServer extends ServerNats {
  private readonly subjects: Subscription[] = [];
  private inHand = 0;

  constructor(
    private readonly service: ServiceName,
    private readonly connection: NatsConnection,
  ) {
    super({ queue: service, serializer: replySerializer, deserializer: requestDeserializer });
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- NestJS awaits what the hook returns
    this.onProcessingStartHook = (_transport, _context, handle) => {
      this.inHand += 1;
      return handle();
    };
    this.onProcessingEndHook = () => {
      this.inHand -= 1;
    };
  }

  override createNatsClient(): Promise<never> {
    return Promise.resolve(this.connection as never);
  }

  override bindEvents(): void {
    for (const subject of this.messageHandlers.keys()) {
      const handle = this.getMessageHandler(subject) as (error: Error | null, message: Msg) => Promise<void>;
      const callback = (error: Error | null, message: Msg) => void handle(error, message);
      this.subjects.push(this.connection.subscribe(subject, { queue: this.service, callback }));
    }
  }

  /** A reply that the bus does not take, being larger than its `max_payload`, leaves as INTERNAL: nobody waits in vain. */
  override getPublisher(message: Msg, id: string, context: NatsContext): (reply: Reply) => void {
    const publish = super.getPublisher(message, id, context);
    return (reply) => {
      try {
        publish(reply);
      } catch (error) {
        this.logger.error(error);
        if (error instanceof errors.InvalidArgumentError) publish({ err: new KeyportError('INTERNAL') });
      }
    };
  }

  /** Takes no more requests and answers those in hand. The connection stays: the end of the process is not all here. */
  override async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    // Without a bus there is nobody to wait for.
    const tooLong = new AbortController();
    await Promise.race([
      this.answerInHand(tooLong.signal).catch(() => undefined),
      delay(answerWithinMs, undefined, { signal: tooLong.signal }),
    ]).finally(() => tooLong.abort());
  }

  private async answerInHand(tooLong: AbortSignal): Promise<void> {
    await Promise.all(this.subjects.splice(0).map((subscription) => subscription.drain()));
    while (this.inHand > 0 && !tooLong.aborted) await delay(10);
    // A reply is published a tick after its handler has ended.
    await setImmediate();
    await this.connection.flush();
  }
}

/** Lets only `KeyportError`s reach the wire; anything else is logged here and leaves as INTERNAL. */
export class BusErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('bus');

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    if (error instanceof KeyportError && error.status < 500) return throwError(() => error);
    this.logger.error(error);
    return throwError(() => (error instanceof KeyportError ? error : new KeyportError('INTERNAL')));
  }
}
