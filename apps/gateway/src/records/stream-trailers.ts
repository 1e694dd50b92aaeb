import type { FastifyReply } from 'fastify';

/** What a stream comes to once all of it was read. */
export interface StreamTotals {
  readonly count: number;
  /** Where a later request may go on. */
  readonly after: string | undefined;
}

export const streamTrailers =
  'A whole answer ends with the trailers `Keyport-Count`, the number of its records, and, where `limit` ended it and more may follow, `Keyport-Cursor`, which goes into `after` of the next request. An answer that fails midway is broken off.';

/** What the end alone can tell (RFC 9110 §6.5); HTTP/1.0 has no trailers, and Node refuses to announce them there. */
export function announceTrailers(reply: FastifyReply): void {
  if (reply.request.raw.httpVersion !== '1.0') void reply.header('trailer', 'Keyport-Count, Keyport-Cursor');
}

export function addTrailers(reply: FastifyReply, { count, after }: StreamTotals): void {
  reply.raw.addTrailers({ 'Keyport-Count': String(count), ...(after !== undefined && { 'Keyport-Cursor': after }) });
}
