import type { BinaryLike } from 'node:crypto';
import { hmac, rs256, withPart } from '@keyport/testing';
import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const none = 'RFC 8725 §2.1, §3.2; CVE-2015-9235, CVE-2018-1000531, CVE-2021-22160, CVE-2022-23540';
const confusion = 'RFC 8725 §2.1, §3.1; CVE-2016-10555, CVE-2022-29217, CVE-2023-48238, CVE-2024-54150';

const spellings = ['none', 'None', 'NONE', 'nOnE', 'none ', ''];

/** The published key in the forms that libraries have taken for an HMAC secret. */
const secretForms: Readonly<Record<string, (workshop: Workshop) => BinaryLike>> = {
  PEM: ({ ownPublicKey }) => ownPublicKey.export({ type: 'spki', format: 'pem' }),
  'PEM without its last line break': ({ ownPublicKey }) =>
    ownPublicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
  DER: ({ ownPublicKey }) => ownPublicKey.export({ type: 'spki', format: 'der' }),
  'JWK, as text': ({ ownPublicKey }) => JSON.stringify(ownPublicKey.export({ format: 'jwk' })),
  'the x coordinate': ({ ownPublicKey }) => Buffer.from(String(ownPublicKey.export({ format: 'jwk' }).x), 'base64url'),
  'an empty text': () => '',
};

export const algorithmAttacks: readonly TokenAttack[] = [
  ...refusedBy(
    'algorithm',
    none,
    Object.fromEntries(
      spellings.map((alg) => [
        `alg ${JSON.stringify(alg)}, the signature left on`,
        (workshop: Workshop) => withPart(workshop.token({ alg }), 2, () => workshop.token().split('.')[2] ?? ''),
      ]),
    ),
  ),
  ...refusedBy('form', none, {
    'alg none, an empty signature': (workshop) => withoutSignature(workshop, 'none'),
    'alg ES256, an empty signature': (workshop) => withoutSignature(workshop, 'ES256'),
    'alg none, no signature part': (workshop) => workshop.token({ alg: 'none' }).split('.').slice(0, 2).join('.'),
  }),
  ...refusedBy(
    'algorithm',
    confusion,
    Object.fromEntries(
      Object.entries(secretForms).map(([form, secretOf]) => [
        `HS256 with the published key as its secret (${form})`,
        (workshop: Workshop) => workshop.token({ alg: 'HS256' }, {}, hmac(secretOf(workshop))),
      ]),
    ),
  ),
  ...refusedBy('algorithm', confusion, {
    'HS384 with the published key as its secret': (workshop) =>
      workshop.token({ alg: 'HS384' }, {}, hmac(publicPem(workshop), 'sha384')),
    'HS512 with the published key as its secret': (workshop) =>
      workshop.token({ alg: 'HS512' }, {}, hmac(publicPem(workshop), 'sha512')),
  }),
  ...refusedBy('signature', confusion, {
    'an HMAC that calls itself ES256': (workshop) => workshop.token({}, {}, hmac(publicPem(workshop))),
  }),
  ...refusedBy('key', 'RFC 8725 §3.1; RFC 7517 §4.4', {
    'RS256 under the kid of an EC key': (workshop) =>
      workshop.token({ alg: 'RS256' }, {}, rs256(workshop.foreignRsa.privateKey)),
    'EdDSA under the kid of an EC key': (workshop) => workshop.token({ alg: 'EdDSA' }),
  }),
  ...refusedBy('algorithm', 'RFC 8725 §3.1; RFC 7515 §4.1.1', {
    'an algorithm that is not on the list (ES256K)': (workshop) => workshop.token({ alg: 'ES256K' }),
    'the algorithm in lower case': (workshop) => workshop.token({ alg: 'es256' }),
    'the algorithm as an array': (workshop) => workshop.token({ alg: ['ES256'] }),
    'no algorithm': (workshop) => workshop.token({ alg: undefined }),
    'an algorithm for encryption (dir)': (workshop) => workshop.token({ alg: 'dir' }),
  }),
];

const publicPem = ({ ownPublicKey }: Workshop) => ownPublicKey.export({ type: 'spki', format: 'pem' });
const withoutSignature = (workshop: Workshop, alg: string) => withPart(workshop.token({ alg }), 2, () => '');
