/** A socket is read in slabs of so many bytes, and small messages are views of one that they share. */
const slabBytes = 64 * 1024;

/**
 * Gives the memory of a large buffer back at once: its bytes are gone, and views of it are empty (ECMAScript 2024,
 * `ArrayBuffer.prototype.transfer`). A collection finds such a buffer late, as it counts for a few bytes of the heap: an
 * import of a million rows cost 20 full collections more, and 30 MB. Only for who alone has it, and once nothing is being
 * sent from it any more. What is no larger than a read of a socket is left as it is, since others may lie beside it.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (mayBeGivenBack(bytes) && 'transfer' in buffer && !buffer.detached) buffer.transfer(0);
}

export const mayBeGivenBack = ({ byteLength }: Uint8Array): boolean => byteLength > slabBytes;

const spent = new WeakMap<object, readonly Uint8Array[]>();

/** Says of a handler's reply that nobody needs these buffers once it is encoded. */
export function spending<Reply extends object>(reply: Reply, ...buffers: readonly Uint8Array[]): Reply {
  spent.set(reply, buffers);
  return reply;
}

export function giveBackSpent(reply: object): void {
  spent.get(reply)?.forEach(giveBack);
}
