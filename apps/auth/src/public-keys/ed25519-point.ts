import { KeyportError } from '@keyport/contracts';

/** RFC 8032 §5.1. */
const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * The y coordinates of the eight points whose order divides the cofactor (Chalkias, Garillot, Nikolaenko, "Taming the
 * many EdDSAs", 2020, table 1): with such a key a signature that fits many messages is made without a private key.
 */
const smallOrder = new Set([
  0n,
  1n,
  p - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);

/** Throws PUBLIC_KEY_INVALID unless the bytes encode, in the one way there is, a point to verify with (RFC 8032 §5.1.3). */
export function requireEd25519Point(bytes: Uint8Array): void {
  if (bytes.length !== 32) refuse('x must have 32 bytes');
  const encoded = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const y = BigInt.asUintN(255, encoded);
  if (y >= p) refuse('x is not the canonical encoding of a point');
  if (smallOrder.has(y)) refuse('the point has a small order');
  // x² = (y² - 1) / (d y² + 1); the quotient is a square exactly where the product is.
  const product = (y * y - 1n) * (d * y * y + 1n);
  if (power(modulo(product), (p - 1n) / 2n) !== 1n) refuse('the point does not lie on the curve');
}

const modulo = (value: bigint) => ((value % p) + p) % p;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % p) {
    if (rest & 1n) result = (result * square) % p;
  }
  return result;
}

function refuse(reason: string): never {
  throw new KeyportError('PUBLIC_KEY_INVALID', { reason });
}
