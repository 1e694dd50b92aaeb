import { CompactEncrypt } from 'jose';
import { base64url, partsOf, withPart } from '@keyport/testing';
import { refusedBy, refusedInInspection, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const encrypted = (workshop: Workshop, header: { alg: string }, key: Parameters<CompactEncrypt['encrypt']>[0]) =>
  new CompactEncrypt(Buffer.from(JSON.stringify(workshop.claims)))
    .setProtectedHeader({ ...workshop.header, enc: 'A256GCM', ...header })
    .encrypt(key);

const parts: TokenAttack[] = [
  ...refusedBy('form', 'RFC 7515 §7.1; RFC 8725 §2.3', {
    'one part': () => 'nonsense',
    'two parts': (workshop) => partsOf(workshop.token()).slice(0, 2).join('.'),
    'four parts': (workshop) => `${workshop.token()}.AA`,
    'dots alone': () => '..',
  }),
  ...refusedBy('form', 'CVE-2025-30204, CVE-2025-27144', { 'seven thousand dots': () => '.'.repeat(7_000) }),
  ...refusedBy('form', 'RFC 7516 §7.1; CVE-2023-51774', {
    'five parts': (workshop) => `${workshop.token()}.AA.AA`,
    'a token encrypted to the published key': (workshop) =>
      encrypted(workshop, { alg: 'ECDH-ES' }, workshop.ownPublicKey),
  }),
  ...refusedBy('form', 'RFC 7518 §4.8.1.2; CVE-2022-36083, CVE-2023-52428', {
    'PBES2 with two billion rounds': ({ header }) => {
      const pbes2 = { ...header, alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_000_000_000, p2s: 'AA' };
      return [base64url(JSON.stringify(pbes2)), 'AA', 'AA', 'AA', 'AA'].join('.');
    },
  }),
  ...refusedInInspection('form', 'RFC 7515 §7.2; CVE-2022-39227', {
    'the JSON serialization': (workshop) => {
      const [header, payload, signature] = partsOf(workshop.token());
      return JSON.stringify({ protected: header, payload, signature });
    },
    'JSON and compact in one text': (workshop) => {
      const [header, payload, signature] = partsOf(workshop.token());
      return `{"  ${header}.${base64url('{"sub":"owner"}')}.":"","protected":"${header}","payload":"${payload}","signature":"${signature}"}`;
    },
  }),
];

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** A part of 3n+1 or 3n+2 bytes ends in bits that nobody reads: set one of them. */
const withUnusedBit = (part: string) => part.slice(0, -1) + (alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1] ?? '');
const base64 = (part: string) => Buffer.from(part, 'base64url').toString('base64');
/** Claims whose encoding needs `-` or `_`: with plain base64 there is then `+` or `/`. */
const manyCharacters = (workshop: Workshop) => workshop.raw(undefined, workshop.payloadWith('x', '"~~~???>>>ÿÿÿ"'));

const encoding: TokenAttack[] = [
  ...refusedBy('form', 'RFC 7515 §2; RFC 4648 §3.5; CVE-2020-13822', {
    'unused bits in the signature': (workshop) => withPart(workshop.token(), 2, withUnusedBit),
    'padding behind the signature': (workshop) => withPart(workshop.token(), 2, (part) => `${part}==`),
    'padding behind the header': (workshop) => withPart(workshop.token(), 0, (part) => `${part}=`),
    'the alphabet of plain base64 in the claims': (workshop) =>
      withPart(manyCharacters(workshop), 1, (part) => base64(part).replace(/=+$/, '')),
    'a character outside the alphabet in the signature': (workshop) =>
      withPart(workshop.token(), 2, (part) => `${part.slice(0, 10)}*${part.slice(10)}`),
    'a single character as the signature': (workshop) => withPart(workshop.token(), 2, () => 'A'),
  }),
  ...refusedInInspection('form', 'RFC 7515 §2; RFC 4648 §3.3', {
    'a space in front': (workshop) => ` ${workshop.token()}`,
    'a line break at the end': (workshop) => `${workshop.token()}\n`,
    'a line break inside the claims': (workshop) =>
      withPart(workshop.token(), 1, (part) => `${part.slice(0, 60)}\r\n${part.slice(60)}`),
    'a NUL behind the signature': (workshop) => `${workshop.token()}\u0000`,
    'dots of another script': (workshop) => workshop.token().replaceAll('.', '\uFF0E'),
  }),
];

export const formAttacks: readonly TokenAttack[] = [...parts, ...encoding];
