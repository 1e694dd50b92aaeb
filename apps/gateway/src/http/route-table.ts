import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

interface KnownRoute {
  readonly methods: readonly string[];
  readonly pattern: RegExp;
}

/** Which paths exist, so that what no route takes can be answered precisely. */
@Injectable()
export class RouteTable {
  private readonly routes: KnownRoute[] = [];

  /** Before any route is registered. */
  follow(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      this.routes.push({ methods: [method].flat(), pattern: patternOf(url) });
    });
  }

  /** METHOD_NOT_ALLOWED where the path exists for another method (RFC 9110 §15.5.6), else ROUTE_NOT_FOUND. */
  refusalOf(method: string, url: string): KeyportError {
    const path = url.split('?', 1)[0] ?? '';
    const allowed = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
    if (allowed.length === 0) return new KeyportError('ROUTE_NOT_FOUND', { method, path });
    return new KeyportError('METHOD_NOT_ALLOWED', { method, path, allowed: [...new Set(allowed)].join(', ') });
  }
}

/** `/v1/imports/:id` as a regular expression. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}/?$`);
}
