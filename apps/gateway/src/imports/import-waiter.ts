import { setTimeout as delay } from 'node:timers/promises';
import { getImport, type Import } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';

const finalStates = new Set(['completed', 'failed', 'cancelled', 'expired']);
/** Between two questions: a fiftieth of the time waited so far, so that no wait gets longer by more than that. */
const [shortestPauseMs, longestPauseMs] = [20, 500];

/** Waits for the end of an import on behalf of a client that asked with `Prefer: wait`. */
@Injectable()
export class ImportWaiter {
  constructor(private readonly bus: BusCaller) {}

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
