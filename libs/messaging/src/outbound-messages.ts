import { ProtocolHandler } from '@nats-io/nats-core/internal';
import { giveBack } from './give-back.ts';

/** What is used of the client's writing side. */
interface Writing {
  readonly infoReceived: boolean;
  readonly connected: boolean;
  readonly outbound: {
    size(): number;
    reset(): void;
    readonly buffers: readonly Uint8Array[];
  };
  readonly transport: {
    send(frame: Uint8Array): void;
    readonly socket?: { cork(): void; uncork(): void; write(bytes: Uint8Array, sent: () => void): void } | undefined;
  };
}

type Flush = (this: Writing) => void;

const handler = ProtocolHandler.prototype as unknown as { flushPending: Flush };
const { flushPending } = handler;

const leaving = new WeakSet<Uint8Array>();

/** Says of a payload that it is published once, and that nobody needs it behind that. */
export function leave(payload: Uint8Array): Uint8Array {
  leaving.add(payload);
  return payload;
}

/** Below it one write of a copy is cheaper than several. */
const largeBytes = 16 * 1024;

/**
 * The NATS client copies all that waits to be sent into one new buffer. Of a large message that is a second copy of what
 * the system copies anyway, and half a megabyte more for the garbage collector: large ones are handed to the socket as they
 * are, in one `writev`. So a payload must not be changed once it was published.
 * The client is internal: libs/messaging/package.json pins the version, and outbound-messages.spec.ts fails where it changes.
 */
handler.flushPending = function flushLargeAsTheyAre() {
  const { outbound, transport } = this;
  if (!this.infoReceived || !this.connected || outbound.size() < largeBytes) return flushPending.call(this);
  const frames = framesOf(outbound.buffers);
  outbound.reset();
  transport.socket?.cork();
  for (const frame of frames) {
    if (leaving.has(frame)) transport.socket?.write(frame, () => giveBack(frame));
    else transport.send(frame);
  }
  transport.socket?.uncork();
};

/** The same bytes in the same order: large buffers themselves, small neighbours together. */
export function framesOf(buffers: readonly Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const join = () => {
    if (small.length > 0) frames.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small));
    small = [];
  };
  for (const buffer of buffers) {
    if (buffer.length < largeBytes) small.push(buffer);
    else {
      join();
      frames.push(buffer);
    }
  }
  join();
  return frames;
}
