import { createHash, type Hash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';

/** What an earlier request with the same `Idempotency-Key` brought: the first `length` bytes, and their SHA-256, hex. */
export interface SentBefore {
  readonly importId: string;
  readonly length: number;
  readonly digest: string | null;
}

/**
 * The part of a file that was not sent before; `prefix` takes in what was, and nothing of that is passed on. Throws
 * IDEMPOTENCY_FILE_DIFFERS where the file does not begin with it.
 */
export async function* behind(before: SentBefore, body: AsyncIterable<Buffer>, prefix: Hash): AsyncGenerator<Buffer> {
  let left = before.length;
  for await (const part of body) {
    const known = part.subarray(0, left);
    prefix.update(known);
    left -= known.length;
    if (known.length > 0 && left === 0) requireSame(before, prefix);
    if (known.length < part.length) yield part.subarray(known.length);
  }
  if (left > 0) throw differs(before);
}

/** Reads the whole file, and compares it with one that was sent before. Throws IDEMPOTENCY_FILE_DIFFERS. */
export async function requireSameFile(before: SentBefore, body: AsyncIterable<Buffer>): Promise<void> {
  const prefix = createHash('sha256');
  for await (const more of behind(before, body, prefix)) if (more.length > 0) throw differs(before);
  requireSame(before, prefix);
}

function requireSame(before: SentBefore, prefix: Hash): void {
  if (before.length > 0 && prefix.copy().digest('hex') !== before.digest) throw differs(before);
}

const differs = ({ importId }: SentBefore) => new KeyportError('IDEMPOTENCY_FILE_DIFFERS', { importId });
