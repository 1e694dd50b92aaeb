import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { negotiate } from '../http/negotiate.ts';
import type { JobWatches } from './job-watches.ts';
import type { ProgressWatcher } from './progress-watcher.ts';
import { heartbeat, lastEventIdOf, openingOf } from './server-sent-events.ts';
import type { SeenJob } from './watched-jobs.ts';

export const eventStreamType = 'text/event-stream';

export const lastEventIdHeader = {
  name: 'Last-Event-ID',
  required: false,
  description: 'Id of the last event that the client has: it is not sent again',
  schema: { type: 'string' },
} as const;

const heartbeatMs = 15_000;
const retryMs = 1_000;
/** A client that does not read does not see the end either: its connection is broken off after so long. */
const endingMs = 1_000;

/**
 * Sends the progress of jobs as Server-Sent Events. Not by Nest's `@Sse`: that queues for a client that does not
 * read, and knows no 204.
 */
export class JobEvents<Seen extends SeenJob> {
  constructor(private readonly watches: JobWatches<Seen>) {}

  async send(request: AuthenticatedRequest, reply: FastifyReply, id: string): Promise<void> {
    negotiate(request.headers.accept, [eventStreamType]);
    const watcher = await this.watches.open(request, id, lastEventIdOf(request.headers['last-event-id']));
    if (!watcher) {
      // Tells an EventSource not to come back (WHATWG HTML, "Server-sent events").
      await reply.status(204).send();
      return;
    }
    const events = request.method === 'HEAD' ? [] : eventsOf(watcher);
    if (request.method === 'HEAD') watcher.end();
    reply.raw.once('close', () => watcher.end());
    watcher.onEnd((isWhole) => isWhole || breakOff(reply));
    await reply
      .type(eventStreamType)
      .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
      .send(Readable.from(events, { objectMode: true, highWaterMark: 1 }));
  }
}

/** Asked for the next event only when the client took the one before. */
async function* eventsOf(watcher: ProgressWatcher): AsyncGenerator<string> {
  yield openingOf(retryMs);
  while (!watcher.isOver) {
    const event = await watcher.next(heartbeatMs);
    if (event) yield event.text;
    else if (!watcher.isOver) yield heartbeat;
    if (event?.isLast) watcher.end({ isWhole: true });
  }
}

function breakOff({ raw }: FastifyReply): void {
  setTimeout(() => {
    if (!raw.writableFinished) raw.destroy();
  }, endingMs).unref();
}
