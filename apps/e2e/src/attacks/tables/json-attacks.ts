import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

/** The same name with its first letter as an escape. */
const escaped = (name: string) => `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;

const headerAnd = ({ header }: Workshop, member: string) => JSON.stringify(header).replace('{', `{${member},`);
const claimsAnd = ({ claims }: Workshop, member: string) => JSON.stringify(claims).replace('{', `{${member},`);

const duplicates: Readonly<Record<string, readonly [where: 'header' | 'claims', name: string, value: string]>> = {
  alg: ['header', 'alg', '"none"'],
  kid: ['header', 'kid', '"keyport-other"'],
  typ: ['header', 'typ', '"JWT"'],
  sub: ['claims', 'sub', '"owner"'],
  scope: ['claims', 'scope', '"*"'],
  exp: ['claims', 'exp', '9999999999'],
  aud: ['claims', 'aud', '"https://other.example"'],
};

const forgedTwice = (where: 'header' | 'claims', member: string) => (workshop: Workshop) =>
  where === 'header' ? workshop.raw(headerAnd(workshop, member)) : workshop.raw(undefined, claimsAnd(workshop, member));

const twice: TokenAttack[] = refusedBy('form', 'RFC 8725 §2.6; RFC 7515 §4; RFC 7519 §4; CVE-2017-12635', {
  ...Object.fromEntries(
    Object.entries(duplicates).flatMap(([name, [where, member, value]]) => [
      [`${name} twice`, forgedTwice(where, `"${member}":${value}`)],
      [`${name} twice, once with an escape`, forgedTwice(where, `"${escaped(member)}":${value}`)],
    ]),
  ),
  'a name twice deep inside the claims': (workshop) =>
    workshop.raw(undefined, workshop.payloadWith('x', '[{"a":{"b":1,"b":2}}]')),
});

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

const nesting: TokenAttack[] = [
  ...refusedBy('form', 'CWE-674; RFC 8259 §9', {
    'claims nine levels deep': (workshop) => workshop.raw(undefined, workshop.payloadWith('x', nested(8))),
    'a header nine levels deep': (workshop) =>
      workshop.raw(JSON.stringify({ ...workshop.header, x: '@' }).replace('"@"', nested(8))),
    'claims 2,500 levels deep': (workshop) => workshop.raw(undefined, workshop.payloadWith('x', nested(2_500))),
    'brackets that never close': (workshop) => workshop.raw(undefined, '{"x":'.repeat(1_000)),
  }),
];

const text: TokenAttack[] = [
  ...refusedBy('form', 'RFC 8725 §3.7; RFC 8259 §8.1', {
    'a byte order mark before the header': (workshop) => workshop.raw(`\uFEFF${JSON.stringify(workshop.header)}`),
    'a byte order mark before the claims': (workshop) =>
      workshop.raw(undefined, `\uFEFF${JSON.stringify(workshop.claims)}`),
    'claims in UTF-16': (workshop) => workshop.raw(undefined, Buffer.from(JSON.stringify(workshop.claims), 'utf16le')),
    'a byte that is not UTF-8': (workshop) =>
      workshop.raw(undefined, Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff]), Buffer.from('"}')])),
    'a quotation mark in an overlong encoding': (workshop) =>
      workshop.raw(undefined, Buffer.concat([Buffer.from('{"sub":'), Buffer.from([0xc0, 0xa2]), Buffer.from('}')])),
  }),
  ...refusedBy('form', 'RFC 8259 §2; RFC 8725 §2.6', {
    'a header that is an array': (workshop) => workshop.raw('[]'),
    'claims that are a text': (workshop) => workshop.raw(undefined, '"claims"'),
    'claims that are null': (workshop) => workshop.raw(undefined, 'null'),
    'no claims at all': (workshop) => workshop.raw(undefined, ''),
    'claims with a comment': (workshop) => workshop.raw(undefined, `${JSON.stringify(workshop.claims)}//`),
    'two objects as claims': (workshop) => workshop.raw(undefined, `${JSON.stringify(workshop.claims)}{"sub":"owner"}`),
    'claims with a trailing comma': (workshop) =>
      workshop.raw(undefined, JSON.stringify(workshop.claims).replace(/\}$/, ',}')),
    'names in single quotes': (workshop) => workshop.raw(undefined, "{'sub':'owner'}"),
  }),
];

export const jsonAttacks: readonly TokenAttack[] = [...twice, ...nesting, ...text];
