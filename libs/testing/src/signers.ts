import { constants, createHmac, sign as signBytes, type BinaryLike, type KeyObject } from 'node:crypto';
import { partsOf, withPart, type Signer } from './compact-jws.ts';

/** ES256 as RFC 7518 §3.4 writes it: R and S, 32 bytes each. */
export const es256 =
  (key: KeyObject, hash = 'sha256'): Signer =>
  (input) =>
    signBytes(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

/** The same signature as X.509 writes it, which no JWS may (RFC 7518 §3.4). */
export const es256Der =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'der' });

export const eddsa =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes(null, Buffer.from(input), key);

export const rs256 =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PADDING });

export const ps256 =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });

export const hmac =
  (secret: BinaryLike, hash = 'sha256'): Signer =>
  (input) =>
    createHmac(hash, secret).update(input).digest();

/** A signature that has nothing to do with what is signed. */
export const always =
  (signature: Uint8Array): Signer =>
  () =>
    signature;

/** Order of the group of P-256 (FIPS 186-4 §D.1.2.3; SP 800-186 §3.2.1.3). */
export const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export const bytes32 = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** The other text that verifies just as well: (r, n − s) for (r, s). */
export function malleated(token: string): string {
  const signature = Buffer.from(partsOf(token)[2], 'base64url');
  const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
  return withPart(token, 2, () =>
    Buffer.concat([signature.subarray(0, 32), bytes32(p256Order - s)]).toString('base64url'),
  );
}
