import { Parser } from '@nats-io/nats-core/internal';

/** What is used of the buffer that the client collects a message in whose bytes come in several reads. */
interface MessageBuffer {
  readonly length: number;
  grow(count: number): void;
}

interface Parsing {
  readonly msgBuf: MessageBuffer | undefined;
  readonly ma: { readonly size: number };
}

type Parse = (this: Parsing, bytes: Uint8Array) => void;

const parser = Parser.prototype as unknown as { parse: Parse };
const { parse } = parser;

/**
 * The NATS client collects a message that is larger than one read (64 KiB) in a buffer that it doubles and copies with
 * every few reads, though it knows the length by then: 1.7 MB for a piece of 512 KiB. So room for the whole is made once.
 * The parser is internal: libs/messaging/package.json pins the version, and message-buffers.spec.ts fails where it changes.
 */
parser.parse = function parseWithRoom(bytes) {
  parse.call(this, bytes);
  const missing = this.msgBuf ? this.ma.size - this.msgBuf.length : 0;
  if (missing > 0) this.msgBuf?.grow(missing);
};
