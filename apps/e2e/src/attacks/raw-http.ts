import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Reply } from '@keyport/testing';

const pieceLength = 32 * 1024;

/**
 * Sends these header lines as they are, which `fetch` and `node:http` would set right or refuse, and reads the reply until
 * the server closes. What is left to send when the reply comes is not sent: a server that refuses early closes then.
 */
export async function rawRequest(
  url: string,
  lines: readonly string[],
  body = '',
  /** The address of this machine that it comes from. */
  localAddress = '127.0.0.1',
): Promise<Reply> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, localAddress });
  const received: Buffer[] = [];
  socket.on('data', (part: Buffer) => received.push(part));
  // Not `once`, which would reject where the server resets the connection behind its reply.
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  const text = `${[...lines, `Host: ${hostname}:${port}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
  for (let at = 0; at < text.length && received.length === 0 && socket.writable; at += pieceLength) {
    await written(socket, text.slice(at, at + pieceLength));
    await setImmediate();
  }
  await closed;
  return replyOf(Buffer.concat(received).toString());
}

const written = (socket: Socket, piece: string) =>
  new Promise<void>((resolve) => socket.write(piece, 'latin1', () => resolve()));

function replyOf(text: string): Reply {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`the server closed without a reply: ${text.slice(0, 200)}`);
  const [statusLine = '', ...headerLines] = text.slice(0, end).split('\r\n');
  const headers = new Headers(
    headerLines.map((line): [string, string] => [line.split(':', 1)[0] ?? '', valueOf(line)]),
  );
  const json = /\{.*\}/s.exec(text.slice(end))?.[0];
  return { status: Number(statusLine.split(' ')[1]), headers, body: json === undefined ? '' : JSON.parse(json) };
}

const valueOf = (line: string) => line.slice(line.indexOf(':') + 1).trim();
