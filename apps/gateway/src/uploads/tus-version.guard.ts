import { KeyportError } from '@keyport/contracts';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tus } from './tus-headers.ts';

/** tus 1.0, "Tus-Resumable": in every request and answer but those of OPTIONS, which tells what is spoken. */
@Injectable()
export class TusVersionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { method, headers } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    void reply.header('tus-resumable', tus.version);
    void reply.header('cache-control', 'no-store');
    if (method === 'OPTIONS' || headers['tus-resumable'] === tus.version) return true;
    void reply.header('tus-version', tus.version);
    throw new KeyportError('TUS_VERSION');
  }
}
