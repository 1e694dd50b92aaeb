import { KeyportError } from '@keyport/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';

/** Bytes of a JSON request body; files go through imports, which have no such limit. */
const jsonBodyLimit = 1024 * 1024;

/** Route configuration: the handler reads the body itself, as a stream. */
export interface BodyConfig {
  readonly streamsBody?: boolean;
}

const jsonType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * One parser for every content type: routes that take files get the untouched stream, all others JSON or nothing.
 * `__proto__` and `constructor.prototype` in a body are refused by Fastify's own parser.
 */
export function parseBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    // What no route takes is refused for that, whatever its body is.
    if (request.is404) return undefined;
    if ((request.routeOptions.config as BodyConfig).streamsBody) return payload;
    const contentType = request.headers['content-type'];
    const body = await readBody(payload);
    if (body.length === 0) return undefined;
    if (!contentType || !jsonType.test(contentType)) {
      throw new KeyportError('UNSUPPORTED_MEDIA_TYPE', {
        contentType: contentType ?? '(none)',
        supported: 'application/json',
      });
    }
    return new Promise((resolve, reject) => {
      void parseJson(request, body, (error, value) =>
        error ? reject(new KeyportError('MALFORMED_BODY', {}, { cause: error })) : resolve(value),
      );
    });
  });
}

async function readBody(payload: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of payload as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > jsonBodyLimit) throw new KeyportError('BODY_TOO_LARGE', { limitBytes: jsonBodyLimit });
    parts.push(part);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new KeyportError('MALFORMED_BODY', {}, { cause });
  }
}
