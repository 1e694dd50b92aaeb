import { KeyportError } from '@keyport/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { GrowingBuffer } from './growing-buffer.ts';
import { isNestedDeeper } from './json-depth.ts';

/** Bytes of a form: two tokens, each character encoded by three, and what comes with them. */
const formBodyLimit = 64 * 1024;
/** Bytes of a JSON request body; files go through imports, which have no such limit. */
const jsonBodyLimit = 1024 * 1024;
/** Milliseconds for a JSON body to arrive whole; files may take as long as they need. */
const jsonBodyMs = 20_000;
/** Levels of brackets in a JSON body: what reads it later is recursive. */
const maxDepth = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Route configuration: the handler reads the body itself, as a stream. */
export interface BodyConfig {
  readonly streamsBody?: boolean;
  /** The handler gets the text of a JSON body, and reads it itself. */
  readonly keepsText?: boolean;
  /** The handler gets the text of a form, and reads it itself. */
  readonly takesForm?: boolean;
}

const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
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
    const { streamsBody, keepsText, takesForm } = request.routeOptions.config as BodyConfig;
    if (streamsBody) return payload;
    const contentType = request.headers['content-type'];
    if (takesForm) return readForm(payload, contentType);
    const body = await readBody(payload, jsonBodyLimit);
    if (body.length === 0) return undefined;
    if (!contentType || !jsonType.test(contentType)) {
      throw new KeyportError('UNSUPPORTED_MEDIA_TYPE', {
        contentType: contentType ?? '(none)',
        supported: 'application/json',
      });
    }
    if (keepsText) return body;
    return new Promise((resolve, reject) => {
      void parseJson(request, body, (error, value) =>
        error ? reject(new KeyportError('MALFORMED_BODY', {}, { cause: error })) : resolve(value),
      );
    });
  });
}

/** RFC 6749 §3.2. */
async function readForm(payload: IncomingMessage, contentType: string | undefined): Promise<string> {
  if (!formType.test(contentType ?? ''))
    throw new KeyportError('OAUTH_REQUEST_INVALID', { reason: 'it is not application/x-www-form-urlencoded' });
  return readBody(payload, formBodyLimit);
}

async function readBody(payload: IncomingMessage, limitBytes: number): Promise<string> {
  const body = new GrowingBuffer(limitBytes);
  const deadline = setTimeout(
    () => payload.destroy(new KeyportError('BODY_TOO_SLOW', { seconds: jsonBodyMs / 1000 })),
    jsonBodyMs,
  );
  try {
    // A request that is destroyed takes its connection along, and with it the reason.
    for await (const part of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (part.length > body.room) throw new KeyportError('BODY_TOO_LARGE', { limitBytes });
      body.append(part);
    }
  } finally {
    clearTimeout(deadline);
  }
  return textOf(body.take());
}

function textOf(bytes: Buffer): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new KeyportError('MALFORMED_BODY', {}, { cause });
  }
  if (!isNestedDeeper(text, maxDepth)) return text;
  const message = `is nested deeper than ${maxDepth} levels`;
  throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'body', code: 'too_deep', message }] });
}
