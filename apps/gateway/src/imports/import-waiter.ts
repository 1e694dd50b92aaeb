import { setTimeout as delay } from 'node:timers/promises';
import { getImport, type Import } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { waitSecondsOf } from './import-request.ts';

const finalStates = new Set(['completed', 'failed', 'cancelled', 'expired']);
/** Between two questions: a fiftieth of the time waited so far, so that no wait gets longer by more than that. */
const [shortestPauseMs, longestPauseMs] = [20, 500];

/** Waits for the end of an import on behalf of a client that asked with `Prefer: wait`. */
@Injectable()
export class ImportWaiter {
  constructor(private readonly bus: BusCaller) {}

  /** Answers an import that was accepted: 202, or 200 where the client asked to wait and has seen its end. */
  async settle(request: AuthenticatedRequest, reply: FastifyReply, accepted: Import): Promise<Import> {
    const seconds = waitSecondsOf(request.headers.prefer as string | undefined);
    const current = seconds === undefined ? accepted : await this.waitFor(request, accepted, seconds);
    void reply.header('location', `/v1/imports/${accepted.id}`);
    if (seconds !== undefined) void reply.header('preference-applied', `wait=${seconds}`);
    void reply.status(seconds !== undefined && isFinal(current) ? 200 : 202);
    return current;
  }

  /** The import as it is at its end, or after `seconds`, or when the client has gone. */
  async waitFor(request: AuthenticatedRequest, started: Import, seconds: number): Promise<Import> {
    const since = Date.now();
    const until = since + seconds * 1000;
    let current = started;
    // The request itself counts as destroyed once its body has been read.
    while (!isFinal(current) && Date.now() < until && !request.raw.socket.destroyed) {
      const pauseMs = Math.min(Math.max((Date.now() - since) / 50, shortestPauseMs), longestPauseMs);
      await delay(Math.min(pauseMs, until - Date.now()));
      current = await this.bus.ask(request, getImport, { importId: started.id }, { retryForMs: until - Date.now() });
    }
    return current;
  }
}

export const isFinal = ({ state }: Import) => finalStates.has(state);
