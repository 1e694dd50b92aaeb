import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

/** Scopes that look like `records:read:orders` or more, and are not. A token with them should not be there at all. */
const notRights: Readonly<Record<string, string>> = {
  'no scope at all': '',
  'a scope that nobody knows': 'admin',
  'two wildcards': '*:*',
  'three wildcards': '*:*:*',
  'a doubled wildcard': '**',
  'a resource without an action': 'records',
  'a right on a dataset without its dataset': 'records:read',
  'a fourth part': 'records:read:orders:x',
  'a wildcard in the middle of the dataset': 'records:read:o*s',
  'a wildcard in front of the dataset': 'records:read:*orders',
  'a regular expression as the dataset': 'records:read:.*',
  'a resource in upper case': 'RECORDS:READ:ORDERS',
  'a wildcard as the resource': '*:read:orders',
  'the name of a property of every object': '__proto__:read:orders',
  'another dataset that begins alike': 'records:read:orders2',
  'the write beside the read': 'records:create:orders records:update:orders records:delete:orders',
};

/** Characters that a careless reader takes for the space between two scopes (RFC 6749 §3.3 knows the space alone). */
const separators: Readonly<Record<string, string>> = {
  'a tab': '\t',
  'a line break': '\n',
  'a comma': ',',
  'a NUL': '\u0000',
  'a space that does not break': '\u00a0',
  'a plus': '+',
};

const readsOrders = (workshop: Workshop, scope: string) =>
  workshop.ask(workshop.token({}, { scope }), '/v1/datasets/orders/records');

const forged: HttpAttack[] = [
  ...answeredBy(
    '403 INSUFFICIENT_SCOPE',
    'RFC 6749 §3.3; RFC 9068 §5',
    Object.fromEntries(
      Object.entries(notRights).map(([what, scope]) => [
        `a token with ${what}`,
        (workshop: Workshop) => readsOrders(workshop, scope),
      ]),
    ),
  ),
  ...answeredBy(
    '403 INSUFFICIENT_SCOPE',
    'RFC 6749 §3.3; CWE-93, CWE-138',
    Object.fromEntries(
      Object.entries(separators).map(([what, separator]) => [
        `two scopes with ${what} between`,
        (workshop: Workshop) => readsOrders(workshop, `keys:read${separator}records:read:orders`),
      ]),
    ),
  ),
];

const mints = (workshop: Workshop, ...scopes: unknown[]) =>
  workshop.ask(workshop.owner.token, '/v1/keys', { name: 'injected', scopes });

const asked: HttpAttack[] = answeredBy('422 VALIDATION_FAILED', 'RFC 6749 §3.3; CWE-93, CWE-138', {
  'a key asked for with two scopes in one text': (workshop) => mints(workshop, 'records:read:orders *'),
  'a key asked for with a tab in a scope': (workshop) => mints(workshop, 'records:read:orders\t*'),
  'a key asked for with a line break in a scope': (workshop) => mints(workshop, 'keys:read\n*'),
  'a key asked for with a line break behind a scope': (workshop) => mints(workshop, 'keys:read\n'),
  'a key asked for with a scope that nobody knows': (workshop) => mints(workshop, 'admin:everything'),
  'a key asked for with a pattern that is none': (workshop) => mints(workshop, 'records:read:o*s'),
  'a key asked for with an object as scope': (workshop) => mints(workshop, { $ne: null }),
  'a key asked for with scopes as one text': (workshop) =>
    workshop.ask(workshop.owner.token, '/v1/keys', { name: 'injected', scopes: '*' }),
  'a key asked for with a member that nobody knows': (workshop) =>
    workshop.ask(workshop.owner.token, '/v1/keys', { name: 'injected', scopes: ['keys:read'], userId: 'owner' }),
});

/** Ways out of the dataset that a key is for, through the path. */
const paths: HttpAttack[] = answeredBy('403 INSUFFICIENT_SCOPE', 'RFC 3986 §6.2; CWE-22, CWE-863', {
  'another dataset than the key is for': (workshop) =>
    workshop.ask(workshop.victim.token, '/v1/datasets/invoices/records'),
  'another dataset, a letter of its name encoded': (workshop) =>
    workshop.ask(workshop.victim.token, '/v1/datasets/%69nvoices/records'),
  'another dataset, with a slash behind': (workshop) =>
    workshop.ask(workshop.victim.token, '/v1/datasets/invoices/records/'),
  'another dataset, its name in the query': (workshop) =>
    workshop.ask(workshop.victim.token, '/v1/datasets/invoices/records?name=orders'),
});

export const scopeAttacks: readonly HttpAttack[] = [...forged, ...asked, ...paths];
