import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@keyport/contracts';
import { BusErrorFilter, BusServer, connectBus, MessagingModule } from '@keyport/messaging';
import { Module, type DynamicModule, type INestMicroservice, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Logger } from 'nestjs-pino';
import type { z } from 'zod';
import type { serviceConfig } from './config.ts';
import { letHeapGrow } from './heap-growth.ts';
import { announceReady, endWithLauncher } from './launcher.ts';
import { loggingModule } from './logging.ts';

export interface ServiceDefinition {
  readonly name: ServiceName;
  readonly config: z.output<typeof serviceConfig>;
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Resolves false as long as requests would be refused for want of something (views, indexes). */
  readonly isReady?: (app: INestMicroservice) => boolean;
  /** Percent, see {@link letHeapGrow}. */
  readonly heapGrowth?: number;
}

/** Pages and chunks of a megabyte come and go all the time. */
const usualHeapGrowth = 100;

/** Starts a service that answers on the bus: connection, logging, error mapping, graceful end. */
export async function runService({
  name,
  config,
  imports,
  isReady,
  heapGrowth = usualHeapGrowth,
}: ServiceDefinition): Promise<INestMicroservice> {
  letHeapGrow(heapGrowth);
  const connection = await connectBus({
    service: name,
    url: config.NATS_URL,
    user: config.NATS_USER,
    password: config.NATS_PASSWORD,
  });
  const root: DynamicModule = {
    module: ServiceRoot,
    imports: [
      loggingModule(name, config.LOG_LEVEL),
      MessagingModule.on(connection, name, config.KEYPORT_STALE_VIEW_SECONDS),
      ...imports,
    ],
  };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
    strategy: new BusServer(name, connection),
    bufferLogs: true,
  });
  app.useLogger(app.get(Logger));
  app.useGlobalFilters(new BusErrorFilter());
  endWithLauncher(app);
  await app.listen();
  // The subscriptions have reached the server: else the first request after "ready" may meet nobody.
  await connection.flush();
  while (isReady && !isReady(app)) await delay(20);
  announceReady();
  return app;
}

@Module({})
class ServiceRoot {}
