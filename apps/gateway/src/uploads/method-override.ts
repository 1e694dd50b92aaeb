import type { IncomingMessage } from 'node:http';

const overridable = new Set(['PATCH', 'DELETE']);

/**
 * tus 1.0, "X-HTTP-Method-Override": for clients that cannot send PATCH or DELETE. For uploads alone, and before the route
 * is looked for, so that every rule is that of the method that is meant. Not as Fastify's `rewriteUrl`, which cost 14 µs a
 * request (measured).
 */
export function overrideMethod(request: IncomingMessage): void {
  const { url = '/', method, headers } = request;
  const meant = headers['x-http-method-override'];
  if (method === 'POST' && /^\/v1\/uploads\/[^/]/.test(url) && typeof meant === 'string' && overridable.has(meant)) {
    request.method = meant;
  }
}
