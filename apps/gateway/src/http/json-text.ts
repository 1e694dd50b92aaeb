import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

/** A route whose JSON body reaches the handler as its text: read as values, long integers would be rounded. */
export const TakesJsonText = (description: string) =>
  applyDecorators(
    RouteConfig({ keepsText: true }),
    ApiConsumes('application/json'),
    ApiBody({ description, required: true, schema: { type: 'object', additionalProperties: true } }),
  );

/** The body's text in UTF-8; empty where there is none. */
export const jsonTextOf = ({ body }: Pick<FastifyRequest, 'body'>): Uint8Array =>
  Buffer.from(typeof body === 'string' ? body : '');
