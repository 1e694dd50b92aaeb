import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { KeyportError, type ErrorCode } from '@keyport/contracts';
import { problemOf } from './problem.ts';

/** What Node's HTTP parser gives up on (Node.js, `http` event `clientError`), in our codes. */
const parserCodes: Readonly<Record<string, ErrorCode>> = { HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE' };

/** Answers a connection whose bytes never became a request, so that this too is a problem with a code. */
export function refuseConnection({ code = '' }: { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = problemOf(new KeyportError(parserCodes[code] ?? 'BAD_REQUEST'), requestId);
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
