import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { fromSeed, type KeyPair } from '@nats-io/nkeys';

/** PKCS #8 of an Ed25519 private key, up to its 32 bytes (RFC 8410 §7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The key pair of an NKey account, whose signatures are made by OpenSSL: those that the library makes in JavaScript take
 * 50 ms each (measured), in which auth would answer nobody. Throws where the text is no seed of an account (`SA…`).
 */
export function accountKey(seed: string): KeyPair {
  const pair = fromSeed(Buffer.from(seed));
  const publicKey = pair.getPublicKey();
  if (!publicKey.startsWith('A')) throw new Error('the seed is not one of an account');
  const key = privateKeyOf(seed);
  return {
    ...refusing,
    getPublicKey: () => publicKey,
    // Only asked whether there is one.
    getPrivateKey: () => new Uint8Array(),
    sign: (input) => sign(null, input, key),
  };
}

const refuse = (): never => {
  throw new Error('the key pair of an account only signs');
};
const refusing = { getSeed: refuse, verify: refuse, clear: refuse, seal: refuse, open: refuse };

/** A seed is base32 (RFC 4648 §6) of two bytes that say what it is for, the 32 of the key, and two of a checksum. */
function privateKeyOf(seed: string): KeyObject {
  const bits = [...seed].map((letter) => base32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, bytes.subarray(2, 34)]), format: 'der', type: 'pkcs8' });
}
