import { busHeaders, KeyportError, type ServiceName } from '@keyport/contracts';
import { Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ServerNats } from '@nestjs/microservices';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { throwError, type Observable } from 'rxjs';
import { EncodedReply } from './handles.ts';
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
    return { data: response?.body ?? new Uint8Array(), headers: hdrs };
  },
};

/** The NATS transport of NestJS on the connection that the process already has, in a queue group of the service's name. */
export class BusServer extends ServerNats {
  constructor(
    service: ServiceName,
    private readonly connection: NatsConnection,
  ) {
    super({ queue: service, serializer: replySerializer, deserializer: requestDeserializer } as never);
  }

  override createNatsClient(): Promise<never> {
    return Promise.resolve(this.connection as never);
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
