import { describe, expect, it } from '@jest/globals';
import { DataBuffer, ProtocolHandler } from '@nats-io/nats-core/internal';
import { framesOf, leave } from './outbound-messages.ts';

const large = 16 * 1024;

/** What the client hands to its socket for these buffers, and how it does. */
function flushed(...buffers: Uint8Array[]) {
  const sent: Uint8Array[] = [];
  const calls: string[] = [];
  const outbound = new DataBuffer();
  for (const buffer of buffers) outbound.fill(buffer);
  const taken: (() => void)[] = [];
  const writing = {
    ...{ infoReceived: true, connected: true, outbound },
    transport: {
      send: (frame: Uint8Array) => sent.push(frame) && calls.push('send'),
      socket: {
        cork: () => calls.push('cork'),
        uncork: () => calls.push('uncork'),
        write: (frame: Uint8Array, onTaken: () => void) =>
          sent.push(frame) && calls.push('write') && taken.push(onTaken),
      },
    },
  };
  (ProtocolHandler.prototype as unknown as { flushPending(this: unknown): void }).flushPending.call(writing);
  return { sent, calls, left: outbound.size(), take: () => taken.forEach((onTaken) => onTaken()) };
}

const bytes = (length: number, seed: number) => Uint8Array.from({ length }, (_, index) => index * 31 + seed);

describe('what waits to be sent', () => {
  it('goes out whole and in order, large payloads uncopied and with one system call', () => {
    const [head, payload, end] = [bytes(40, 1), bytes(large, 2), bytes(2, 3)];

    const { sent, calls, left } = flushed(head, payload, end, head, payload, end);

    expect(Buffer.concat(sent)).toEqual(Buffer.concat([head, payload, end, head, payload, end]));
    expect(sent.filter((frame) => frame === payload)).toHaveLength(2);
    expect(calls).toEqual(['cork', 'send', 'send', 'send', 'send', 'send', 'uncork']);
    expect(left).toBe(0);
  });

  it('gives a payload back that leaves, once the socket has taken it and not before', () => {
    const [head, leaving, staying] = [bytes(40, 1), bytes(5 * large, 2), bytes(5 * large, 3)];

    const { sent, calls, take } = flushed(head, leave(leaving), head, staying);

    expect(Buffer.concat(sent)).toEqual(Buffer.concat([head, bytes(5 * large, 2), head, staying]));
    expect(calls).toEqual(['cork', 'send', 'write', 'send', 'send', 'uncork']);
    take();
    expect([leaving.length, staying.length]).toEqual([0, 5 * large]);
  });

  it('goes out as one copy where it is small', () => {
    const { sent, calls, left } = flushed(bytes(40, 1), bytes(100, 2), bytes(2, 3));

    expect(sent).toHaveLength(1);
    expect(Buffer.concat(sent)).toEqual(Buffer.concat([bytes(40, 1), bytes(100, 2), bytes(2, 3)]));
    expect(calls).toEqual(['send']);
    expect(left).toBe(0);
  });

  it.each([[[]], [[0, 1, 2]], [[large]], [[large, large]], [[1, large, 1, 1, large - 1, large + 1]]])(
    'is the same bytes, cut into frames, of buffers of %j',
    (lengths) => {
      const buffers = lengths.map((length, index) => bytes(length, index));

      expect(Buffer.concat(framesOf(buffers))).toEqual(Buffer.concat(buffers));
    },
  );
});
