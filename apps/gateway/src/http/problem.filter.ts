import type { KeyportError } from '@keyport/contracts';
import { Catch, Logger, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { noteRefusal } from '../audit/refusals.ts';
import { answerAsOAuth, isOAuthRequest } from '../oauth/oauth-refusal.ts';
import { RouteTable } from './route-table.ts';
import { challengeOf, problemOf, toKeyportError } from './problem.ts';
import { answerWithoutBody, hasUnreadBody } from './unread-body.ts';

/** Seconds after which a service that was away is worth another try. */
const retryAfterSeconds = '2';

/** Every failure of a route leaves as RFC 9457 problem+json; only unforeseen ones are logged with their cause. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  constructor(private readonly routes: RouteTable) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    // NestJS's own way of saying that no route matched; services say NOT_FOUND in our codes.
    const isUnknownRoute = thrown instanceof NotFoundException;
    const error = isUnknownRoute ? this.routes.refusalOf(request.method, request.url) : toKeyportError(thrown);
    if (error.status >= 500 && error.status !== 503)
      this.logger.error({ err: error.cause ?? error, requestId: request.id });
    sendProblem(http.getResponse<FastifyReply>(), request, error);
  }
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, error: KeyportError): void {
  // Headers are out, so the answer can no longer be a problem: break it off rather than end it as if it were whole.
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  noteRefusal(request, error);
  // What Fastify refuses by itself passes no hook that would have set it.
  void reply.header('x-request-id', request.id);
  const challenge = challengeOf(error);
  if (challenge) void reply.header('www-authenticate', challenge);
  if (error.status === 503) void reply.header('retry-after', retryAfterSeconds);
  if (error.status === 429) void reply.header('retry-after', String(error.params.retryAfterSeconds ?? 1));
  if (error.code === 'METHOD_NOT_ALLOWED') void reply.header('allow', String(error.params.allowed));
  if (hasUnreadBody(request)) answerWithoutBody(request, reply);
  if (isOAuthRequest(request)) {
    void reply.send(answerAsOAuth(reply, error));
    return;
  }
  void reply
    .status(error.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(error, request.id)));
}
