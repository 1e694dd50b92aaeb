import { always, bytes32, es256, es256Der, p256Order, partsOf, withPart } from '@keyport/testing';
import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const one = bytes32(1n);
const order = bytes32(p256Order);
const pair = (r: Uint8Array, s: Uint8Array) => Buffer.concat([r, s]);
const signedAs = (signature: Uint8Array) => (workshop: Workshop) => workshop.token({}, {}, always(signature));
/** A good signature, changed. */
const changed = (change: (signature: Buffer) => Uint8Array) => (workshop: Workshop) =>
  workshop.token({}, {}, (input) => change(Buffer.from(workshop.bySelf(input))));

export const signatureAttacks: readonly TokenAttack[] = [
  ...refusedBy('signature', 'CVE-2022-21449; RFC 8725 §3.4', {
    'a signature of zeros': signedAs(Buffer.alloc(64)),
    'r is zero': signedAs(pair(bytes32(0n), one)),
    's is zero': signedAs(pair(one, bytes32(0n))),
    'r and s are the order of the curve': signedAs(pair(order, order)),
  }),
  ...refusedBy('signature', 'FIPS 186-5 §6.4.2; CVE-2024-42460', {
    'r is the order of the curve': signedAs(pair(order, one)),
    's is the order of the curve': signedAs(pair(one, order)),
    'r and s of all ones': signedAs(Buffer.alloc(64, 0xff)),
    'r and s change places': changed((signature) => pair(signature.subarray(32), signature.subarray(0, 32))),
  }),
  ...refusedBy('signature', 'RFC 7518 §3.4; CVE-2020-14966, CVE-2024-42461', {
    'a signature in DER': (workshop) => workshop.token({}, {}, es256Der(workshop.ownKey)),
  }),
  ...refusedBy('signature', 'RFC 7518 §3.4; CVE-2020-28042', {
    'a signature one byte short': changed((signature) => signature.subarray(0, 63)),
    'half a signature': changed((signature) => signature.subarray(0, 32)),
    'a signature of one byte': signedAs(Buffer.alloc(1)),
    'a byte behind the signature': changed((signature) => Buffer.concat([signature, Buffer.alloc(1)])),
    'a zero before the signature': changed((signature) => Buffer.concat([Buffer.alloc(1), signature])),
    'two signatures': changed((signature) => Buffer.concat([signature, signature])),
  }),
  ...refusedBy('signature', 'RFC 8725 §3.3; RFC 7515 §5.2', {
    'the signature of another key': (workshop) => workshop.token({}, {}, es256(workshop.foreign.privateKey)),
    'the signature over another hash': (workshop) => workshop.token({}, {}, es256(workshop.ownKey, 'sha384')),
    'the signature of other claims': (workshop) =>
      withPart(workshop.token(), 1, () => partsOf(workshop.token({}, { scope: '*' }))[1]),
    'the signature of another header': (workshop) =>
      withPart(workshop.token(), 0, () => partsOf(workshop.token({ x: 1 }))[0]),
    'one bit of the signature flipped': changed((signature) => {
      const flipped = Buffer.from(signature);
      flipped[40] = (flipped[40] ?? 0) ^ 1;
      return flipped;
    }),
  }),
];
