import { Readable } from 'node:stream';
import type { AuthenticatedRequest } from '../access/principal.ts';

/**
 * The body, which stays open where an upload is broken off: a request that is destroyed takes its connection along, and the
 * client would never read why.
 */
export function bodyOf({ body }: Pick<AuthenticatedRequest, 'body'>): AsyncIterable<Buffer> {
  // A request without any body has nothing for Fastify to parse.
  return body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : Readable.from([]);
}
