import { applyDecorators, Header, HttpCode } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';

/** An OAuth endpoint: a form of parameters, and an answer that nobody keeps (RFC 6749 §5.1). */
export const TakesForm = (parameters: Readonly<Record<string, string>>, required: readonly string[]) =>
  applyDecorators(
    RouteConfig({ takesForm: true }),
    HttpCode(200),
    Header('cache-control', 'no-store'),
    Header('pragma', 'no-cache'),
    ApiConsumes('application/x-www-form-urlencoded'),
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(parameters).map(([name, description]) => [name, { type: 'string', description }]),
        ),
        required: [...required],
      },
    }),
  );
