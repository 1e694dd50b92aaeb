import type { KeyportError } from '@keyport/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { oauthRefusalOf } from './oauth-errors.ts';

const prefix = '/oauth/';

/** Whether the request goes to an OAuth endpoint, or to none beside them: all there is answered as RFC 6749 says. */
export const isOAuthRequest = ({ routeOptions, url }: Pick<FastifyRequest, 'routeOptions' | 'url'>): boolean =>
  (routeOptions.url ?? url).startsWith(prefix);

/** RFC 6749 §5.2. The challenge of a client that sent a header is that of its scheme (RFC 9110 §11.6.1). */
export function answerAsOAuth(reply: FastifyReply, error: KeyportError): string {
  const { status, body } = oauthRefusalOf(error);
  if (body.error === 'invalid_client') void reply.header('www-authenticate', 'Basic realm="keyport", charset="UTF-8"');
  void reply
    .status(status)
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .type('application/json; charset=utf-8');
  return JSON.stringify(body);
}
