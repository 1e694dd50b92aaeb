import { checkPrime } from 'node:crypto';
import { promisify } from 'node:util';
import { KeyportError } from '@keyport/contracts';

/** NIST SP 800-131A; above, a signature check takes too long. */
const minBits = 2048;
const maxBits = 8192;
/** Small exponents have a history (Bleichenbacher 2006, CVE-2006-4339); large ones make a signature check slow. */
const minExponent = 65_537n;
const maxExponentBytes = 4;

/** Trial division finds what a broken generator leaves (Heninger et al., "Mining your Ps and Qs", 2012). */
const smallPrimes = primesBelow(10_000);
/** Rounds of Fermat's method, which finds primes that lie close together at once (CVE-2022-26320). */
const fermatRounds = 100;

/**
 * ROCA (CVE-2017-15361; Nemec et al. 2017): the moduli that Infineon's library made lie, modulo each of these primes, in
 * the small group that 65537 generates; any other does so with a chance of about one to 2^27.
 */
const rocaGroups = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map((prime) => ({
  prime: BigInt(prime),
  residues: powersOf(65_537, prime),
}));

/** Throws PUBLIC_KEY_INVALID for an RSA public key that is too small, malformed or of a kind that is known to be broken. */
export async function requireSoundRsa(modulus: Uint8Array, exponent: Uint8Array): Promise<void> {
  // RFC 7518 §6.3.1: the fewest octets that hold the value.
  if (modulus[0] === 0 || exponent[0] === 0) refuse('n and e must not begin with a zero byte');
  const [n, e] = [modulus, exponent].map((bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)) as [
    bigint,
    bigint,
  ];
  const bits = n.toString(2).length;
  if (bits < minBits || bits > maxBits) refuse(`n must have ${minBits} to ${maxBits} bits`);
  if (exponent.length > maxExponentBytes || e < minExponent || e % 2n === 0n)
    refuse(`e must be odd, ${minExponent} or more, and have at most ${maxExponentBytes} bytes`);
  if (smallPrimes.some((prime) => n % prime === 0n)) refuse('n has a small factor');
  if (rocaGroups.every(({ prime, residues }) => residues.has(n % prime)))
    refuse('n was made by a library with a known flaw (ROCA, CVE-2017-15361)');
  if (isFactoredByFermat(n)) refuse('the factors of n lie close together');
  // With a prime n the private key follows from the public one.
  if (await promisify(checkPrime)(Buffer.from(modulus))) refuse('n is a prime');
}

function isFactoredByFermat(n: bigint): boolean {
  let a = root(n);
  if (a * a === n) return true;
  for (let round = 0; round < fermatRounds; round += 1) {
    a += 1n;
    const rest = a * a - n;
    const b = root(rest);
    if (b * b === rest) return true;
  }
  return false;
}

/** The largest whole number whose square is not larger (Newton's method). */
function root(value: bigint): bigint {
  let guess = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function primesBelow(limit: number): bigint[] {
  const isComposite = new Uint8Array(limit);
  const primes: bigint[] = [];
  for (let candidate = 2; candidate < limit; candidate += 1) {
    if (isComposite[candidate]) continue;
    primes.push(BigInt(candidate));
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate) isComposite[multiple] = 1;
  }
  return primes;
}

function powersOf(base: number, prime: number): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1; !powers.has(BigInt(power)); power = (power * base) % prime) powers.add(BigInt(power));
  return powers;
}

function refuse(reason: string): never {
  throw new KeyportError('PUBLIC_KEY_INVALID', { reason });
}
