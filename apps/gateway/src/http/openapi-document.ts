import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NatsConnection } from '@nats-io/transport-node';
import { AppModule } from '../app.module.ts';
import type { GatewayConfig } from '../config.ts';
import { openApiOf } from './openapi.ts';

/** Where the committed copy lies, from the root of the workspace. */
export const openApiFile = 'docs/openapi.json';

/**
 * The document that a running gateway serves, made without one: NestJS's preview mode reads the modules and creates no
 * provider, so neither a bus nor a configuration is looked at.
 */
export async function openApiDocument(): Promise<OpenAPIObject> {
  const root = AppModule.on({} as NatsConnection, { LOG_LEVEL: 'silent' } as GatewayConfig);
  const app = await NestFactory.create(root, new FastifyAdapter(), { preview: true, logger: false });
  return openApiOf(app);
}

export const openApiText = async (): Promise<string> => `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
