import { KeyportError } from '@keyport/contracts';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { NatsConnection } from '@nats-io/transport-node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'nestjs-pino';
import { AppModule } from '../app.module.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import type { GatewayConfig } from '../config.ts';
import { overrideMethod } from '../uploads/method-override.ts';
import { parseBodies } from './body-parsing.ts';
import { InputPipe } from './input.pipe.ts';
import { serveOpenApi } from './openapi.ts';
import { requestIdOf } from './request-id.ts';
import { sendProblem } from './problem.filter.ts';
import { refuseConnection, refuseExpectation } from './refuse-connection.ts';
import { RouteTable } from './route-table.ts';

/** Bytes of a request's headers: a token of 8 KiB and what comes with it. */
const maxHeaderBytes = 16 * 1024;

/** The gateway, ready to listen. */
export async function createApp(connection: NatsConnection, config: GatewayConfig): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: config.KEYPORT_TRUSTED_PROXIES ?? false,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, request, new KeyportError('URL_NOT_VALID')),
    // An upload may take hours; a client that sends its headers slowly may not.
    requestTimeout: 0,
    http: { maxHeaderSize: maxHeaderBytes, headersTimeout: 30_000, requestTimeout: 0 },
    // Ends the connections that wait for nothing, so that a restart does not wait for them.
    forceCloseConnections: 'idle',
  } as ConstructorParameters<typeof FastifyAdapter>[0]);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.on(connection, config), adapter, {
    bodyParser: false,
    bufferLogs: true,
  });
  app.useLogger(app.get(Logger));
  app.useGlobalPipes(new InputPipe());
  const fastify = adapter.getInstance<FastifyInstance>();
  app.get(RouteTable).follow(fastify);
  app.get(AuditTrail).follow(fastify);
  parseBodies(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.server.on('checkExpectation', refuseExpectation);
  fastify.server.prependListener('request', overrideMethod);
  serveOpenApi(app);
  return app;
}
