import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const now = () => Math.floor(Date.now() / 1000);
const tenYears = 10 * 366 * 24 * 3600;

const claiming = (changes: Readonly<Record<string, () => Readonly<Record<string, unknown>>>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([name, claims]) => [name, (workshop: Workshop) => workshop.token({}, claims())]),
  );
/** A claim as a number that `JSON.stringify` would not write so. */
const written = (numbers: Readonly<Record<string, readonly [claim: string, number: string]>>) =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, [claim, number]]) => [
      name,
      (workshop: Workshop) => workshop.raw(undefined, workshop.payloadWith(claim, number)),
    ]),
  );

export const timeAttacks: readonly TokenAttack[] = [
  ...refusedBy(
    'claims',
    'RFC 7519 §2 (NumericDate), §4.1.4',
    claiming({
      'exp as a text': () => ({ exp: String(now() + 600) }),
      'exp as a date': () => ({ exp: new Date(Date.now() + 600_000).toISOString() }),
      'exp as a fraction': () => ({ exp: now() + 600.5 }),
      'exp below zero': () => ({ exp: -1 }),
      'exp NaN, as a text': () => ({ exp: 'NaN' }),
      'exp true': () => ({ exp: true }),
      'exp as an array': () => ({ exp: [now() + 600] }),
      'exp null, as JSON writes NaN': () => ({ exp: Number.NaN }),
      'no exp': () => ({ exp: undefined }),
      'iat as a text': () => ({ iat: String(now()) }),
      'iat as a fraction': () => ({ iat: now() - 0.5 }),
      'iat below zero': () => ({ iat: -1 }),
      'no iat': () => ({ iat: undefined }),
      'nbf as a text': () => ({ nbf: String(now() - 10) }),
      'nbf as a fraction': () => ({ nbf: now() - 10.5 }),
      'nbf null': () => ({ nbf: null }),
    }),
  ),
  ...refusedBy(
    'claims',
    'RFC 8259 §6; RFC 7519 §2',
    written({
      'exp 1e300': ['exp', '1e300'],
      'exp beyond all numbers (1e999)': ['exp', '1e999'],
      'exp 2^53 + 1': ['exp', '9007199254740993'],
      'iat 2^53 + 1': ['iat', '9007199254740993'],
      'nbf 1e300': ['nbf', '1e300'],
    }),
  ),
  ...refusedBy(
    'form',
    'RFC 8259 §6',
    written({
      'exp NaN, unquoted': ['exp', 'NaN'],
      'exp Infinity, unquoted': ['exp', 'Infinity'],
      'exp in hexadecimal': ['exp', '0x7fffffff'],
      'exp with a leading zero': ['exp', '01900000000'],
    }),
  ),
  ...refusedBy(
    'time',
    'RFC 7519 §4.1.4, §4.1.5, §4.1.6; RFC 9068 §4',
    claiming({
      'a token that has expired': () => ({ iat: now() - 600, exp: now() - 60 }),
      'exp zero': () => ({ iat: 0, exp: 0 }),
      'exp before iat': () => ({ iat: now(), exp: now() - 3 }),
      'exp at iat': () => ({ iat: now(), exp: now() }),
      'issued in the future': () => ({ iat: now() + 3600, exp: now() + 7200 }),
      'not valid yet': () => ({ iat: now(), nbf: now() + 3600, exp: now() + 7200 }),
    }),
  ),
  ...refusedBy(
    'time',
    'RFC 8725 §3.10; RFC 9700 §2.2',
    claiming({
      'a life longer than any token may have': () => ({ iat: now(), exp: now() + tenYears + 1 }),
      'a life of three hundred years': () => ({ iat: now(), exp: 11_000_000_000 }),
      'issued in 1970': () => ({ iat: 0, exp: now() + 600 }),
    }),
  ),
];
