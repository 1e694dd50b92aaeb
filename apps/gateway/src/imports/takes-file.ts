import { contentEncoding } from '@keyport/contracts';
import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiHeader } from '@nestjs/swagger';

export const preferHeader = {
  name: 'Prefer',
  description: '`wait=N`: answer when the import has ended, after N seconds at most (RFC 7240)',
  schema: { type: 'string', example: 'wait=30' },
} as const;

/** A route whose body is a file of any size: it reaches the handler as an untouched stream. */
export const TakesFile = () =>
  applyDecorators(
    RouteConfig({ streamsBody: true }),
    ApiConsumes('application/x-ndjson', 'application/json', 'text/csv', 'text/tab-separated-values'),
    ApiBody({
      description: 'The file, in UTF-8, or in UTF-16 with a byte order mark',
      required: true,
      schema: { type: 'string', format: 'binary' },
    }),
    ApiHeader({
      name: 'Content-Encoding',
      description: 'How the body is compressed',
      schema: { enum: contentEncoding.options },
    }),
    ApiHeader(preferHeader),
  );
