import { describe, expect, it } from '@jest/globals';
import { Parser, type ParserEvent } from '@nats-io/nats-core/internal';
import './message-buffers.ts';

const read = 64 * 1024;

/** What the client is told of a message whose bytes come in reads of 64 KiB, and the buffers that held it on the way. */
function parsed(message: Uint8Array) {
  const events: ParserEvent[] = [];
  const parser = new Parser({ push: (event: ParserEvent) => events.push(event) });
  const buffers = new Set<unknown>();
  for (let at = 0; at < message.length; at += read) {
    parser.parse(message.subarray(at, at + read));
    const { msgBuf } = parser as unknown as { msgBuf?: { _buf: Uint8Array } };
    if (msgBuf) buffers.add(msgBuf._buf.buffer);
  }
  return { events, buffers: buffers.size };
}

describe('a message that comes in several reads', () => {
  it.each([1, read - 60, read, 512 * 1024, 512 * 1024 + 17])(
    'is whole, with %s bytes, and collected once',
    (length) => {
      const payload = Buffer.from(Uint8Array.from({ length }, (_, index) => index * 31));
      const small = Buffer.from('MSG uploads 7 2\r\nok\r\n');
      const message = Buffer.concat([Buffer.from(`MSG uploads 7 ${length}\r\n`), payload, Buffer.from('\r\n'), small]);

      const { events, buffers } = parsed(message);

      expect(events).toHaveLength(2);
      expect(Buffer.from(events[0]?.data ?? []).equals(payload)).toBe(true);
      expect(Buffer.from(events[1]?.data ?? []).toString()).toBe('ok');
      expect(buffers).toBeLessThanOrEqual(1);
    },
  );
});
