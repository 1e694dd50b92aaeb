import { createRequire } from 'node:module';

interface Message {
  readonly toBin: () => readonly Uint8Array[];
}

/** Appends the sections of a command to a message's buffers, and gives their length. */
type MakeSections = (this: unknown, buffers: Uint8Array[], command: Record<string, unknown>) => number;

interface Writing {
  readonly socket: { cork(): void; uncork(): void; write(bytes: Uint8Array): boolean };
}

/** Resolves when the socket takes more. */
type WriteCommand = (
  this: Writing,
  message: Message,
  options: { readonly agreedCompressor?: string; readonly timeoutContext?: { csotEnabled(): boolean } },
) => Promise<void>;

// The classes must come from the copy of the driver that mongoose uses. They are internal: libs/mongo/package.json pins the
// version, and raw-command.int.spec.ts fails where they change.
const requireHere = createRequire(import.meta.url);
const requireDriver = createRequire(requireHere.resolve('mongoose'));
const { OpMsgRequest } = requireDriver('mongodb/lib/cmap/commands.js') as {
  // An OP_MSG (MongoDB manual, "MongoDB Wire Protocol").
  readonly OpMsgRequest: { readonly prototype: { makeSections: MakeSections } };
};
const { Connection } = requireDriver('mongodb/lib/cmap/connection.js') as {
  readonly Connection: { readonly prototype: { writeCommand: WriteCommand } };
};

/** Smaller slices are joined, on the average: there may be 100,000, and a write for each would cost more than a copy. */
const smallBytes = 16 * 1024;

/**
 * A section of an OP_MSG that holds ready BSON: a command's field that is one is sent with its slices as they are. The
 * driver copies what its own sections hold three times on the way to the socket, which was a sixth of the CPU time of
 * `records` in an import (measured). The slices must not change until the command is answered.
 */
export class RawSequence {
  readonly buffers: readonly Uint8Array[];

  constructor(field: string, slices: readonly Uint8Array[]) {
    const name = Buffer.from(`${field}\0`);
    const head = Buffer.alloc(1 + 4);
    head[0] = 1;
    head.writeInt32LE(4 + name.length + lengthOf(slices), 1);
    const areSmall = lengthOf(slices) < slices.length * smallBytes;
    this.buffers = [head, name, ...(areSmall ? [Buffer.concat(slices)] : slices)];
  }
}

const lengthOf = (buffers: readonly Uint8Array[]) => buffers.reduce((sum, { length }) => sum + length, 0);

const { makeSections } = OpMsgRequest.prototype;
OpMsgRequest.prototype.makeSections = function makeRawSections(buffers, command) {
  const raw: Uint8Array[] = [];
  for (const [field, value] of Object.entries(command)) {
    if (!(value instanceof RawSequence)) continue;
    raw.push(...value.buffers);
    delete command[field];
  }
  const length = makeSections.call(this, buffers, command);
  buffers.push(...raw);
  return length + lengthOf(raw);
};

/** From here on a write costs less than a copy. */
const largeBytes = 64 * 1024;
/** What the driver writes itself, so that it waits as it always does. */
const tailBytes = 64;

const { writeCommand } = Connection.prototype;
Connection.prototype.writeCommand = function writeLargeAsTheyAre(message, options) {
  // With a deadline (`timeoutMS`) the driver may still refuse to write at all.
  if (options.agreedCompressor !== 'none' || options.timeoutContext?.csotEnabled()) {
    return writeCommand.call(this, message, options);
  }
  const buffers = message.toBin().filter(isFilled);
  const last = lengthOf(buffers) < largeBytes ? undefined : buffers.pop();
  if (!last) return writeCommand.call(this, { toBin: () => buffers }, options);
  this.socket.cork();
  for (const buffer of [...buffers, last.subarray(0, -tailBytes)].filter(isFilled)) this.socket.write(buffer);
  this.socket.uncork();
  return writeCommand.call(this, { toBin: () => [last.subarray(-tailBytes)] }, options);
};

const isFilled = ({ length }: Uint8Array) => length > 0;
