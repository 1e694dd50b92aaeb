import { createHash, type Hash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';

/** RFC 9530 §5: the algorithms that may be trusted, and the bytes of their digests. */
const algorithms = { 'sha-256': 32, 'sha-512': 64 } as const;
type Algorithm = keyof typeof algorithms;

/** A member of the dictionary: a key, and bytes as base64 between colons (RFC 9651 §3.2, §3.3.5). */
const member = /^\s*([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):\s*$/;

interface Expected {
  readonly algorithm: Algorithm;
  readonly hash: Hash;
  readonly digest: Buffer;
}

/** Digests of a body as it is sent, which its sender named before (`Content-Digest`, RFC 9530). */
export class ContentDigest {
  private constructor(private readonly expected: readonly Expected[]) {}

  /** Throws VALIDATION_FAILED for a header that is not well-formed, or names no digest that can be verified. */
  static of(header: string | undefined): ContentDigest | undefined {
    if (header === undefined) return undefined;
    const expected = header.split(',').flatMap(expectedBy);
    if (expected.length === 0) throw notValid('must name a sha-256 or a sha-512 digest');
    return new ContentDigest(expected);
  }

  /** The body, taken in as it passes. */
  async *over(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of body) {
      for (const { hash } of this.expected) hash.update(part);
      yield part;
    }
  }

  /** The algorithm by which the body, which has passed, is another one. */
  mismatch(): Algorithm | undefined {
    return this.expected.find(({ hash, digest }) => !hash.digest().equals(digest))?.algorithm;
  }
}

function expectedBy(text: string): Expected[] {
  const [, name = '', base64 = ''] = member.exec(text) ?? [];
  if (name === '') throw notValid('must be written as sha-256=:base64:');
  // RFC 9530 §2: digests of other algorithms are passed over.
  if (!Object.hasOwn(algorithms, name)) return [];
  const algorithm = name as Algorithm;
  const digest = Buffer.from(base64, 'base64');
  if (digest.length !== algorithms[algorithm]) throw notValid(`must hold ${algorithms[algorithm]} bytes of ${name}`);
  return [{ algorithm, hash: createHash(algorithm.replace('-', '')), digest }];
}

const notValid = (message: string) =>
  new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'Content-Digest', code: 'invalid', message }] });
