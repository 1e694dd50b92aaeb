import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { KeyportError, type ErrorCode } from '@keyport/contracts';
import { problemOf } from './problem.ts';

/** What Node's HTTP parser gives up on (Node.js, `http` event `clientError`), in our codes. */
const parserCodes: Readonly<Record<string, ErrorCode>> = { HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE' };

/** For so long what a refused connection still sends is thrown away: a reset would take the answer from the client. */
const lingerMs = 1_000;
const refused = new WeakSet<Socket>();

/** Answers a connection whose bytes never became a request, so that this too is a problem with a code. */
export function refuseConnection({ code = '' }: { readonly code?: string }, socket: Socket): void {
  // The parser complains again of every piece that still arrives.
  if (refused.has(socket) && code !== 'ECONNRESET') return;
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  refused.add(socket);
  setTimeout(() => socket.destroy(), lingerMs).unref();
  const { head, body } = refusal(parserCodes[code] ?? 'BAD_REQUEST');
  socket.end(`HTTP/1.1 ${head.status} ${head.title}\r\n${headerLines(head.headers)}\r\n${body}`);
}

/** Answers an `Expect` other than `100-continue` (RFC 9110 §10.1.1), which Node does not pass on. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { head, body } = refusal('EXPECTATION_FAILED');
  response.writeHead(head.status, head.headers).end(body);
}

function refusal(code: ErrorCode) {
  const requestId = randomUUID();
  const { status, title, ...rest } = problemOf(new KeyportError(code), requestId);
  const body = JSON.stringify({ ...rest, title, status });
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  };
  return { head: { status, title, headers }, body };
}

const headerLines = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
