import type { FastifyReply, FastifyRequest } from 'fastify';

/** Milliseconds for a sender to read the answer and to stop; an ending gateway waits for no more than twice that. */
const lingerMs = 2_000;

export function hasUnreadBody({ headers, raw }: FastifyRequest): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && !raw.complete;
}

/**
 * Makes the answer the last one of a connection whose request has a body that nobody reads any more: the body would be
 * taken for the next request. A socket that is closed with bytes unread is reset, and who is still sending may then never
 * see the answer (RFC 9112 §9.6): so what comes is thrown away until the sender stops, for a while.
 */
export function answerWithoutBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  void reply.header('connection', 'close');
  const { socket } = reply.raw;
  if (!socket) return;
  // By this Node closes a connection whose last answer is written.
  socket.destroySoon = () => {
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once('close', () => clearTimeout(timer));
    socket.end();
    raw.resume();
  };
}
