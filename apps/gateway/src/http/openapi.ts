import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** `keys.create`: the name of a route in the OpenAPI document and in the audit. */
export const operationIdOf = (controller: string, method: string): string =>
  `${controller.replace(/Controller$/, '').toLowerCase()}.${method}`;

export function openApiOf(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Keyport')
    .setDescription('Import and export data in MongoDB over HTTP, with JSON Web Tokens as API keys.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, description, { operationIdFactory: operationIdOf });
  for (const [path, operations] of Object.entries(document.paths)) {
    // Those answer as RFC 6749 §5.2 says.
    if (path.startsWith('/oauth/')) continue;
    for (const operation of Object.values(operations)) sendProblems(operation as OperationObject);
  }
  return document;
}

interface OperationObject {
  readonly responses?: Readonly<Record<string, { content?: Record<string, unknown> }>>;
}

/** NestJS knows JSON only; refusals are sent as RFC 9457 names them. */
function sendProblems({ responses = {} }: OperationObject): void {
  for (const [status, response] of Object.entries(responses)) {
    const json = response.content?.['application/json'];
    if (Number(status) >= 400 && json) response.content = { 'application/problem+json': json };
  }
}

/** `/docs` for people, `/openapi.json` for programs. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiOf(app), { jsonDocumentUrl: 'openapi.json' });
}
