import { generateKeyPairSync } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { base64url, es256, withPart } from '@keyport/testing';
import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const fetching = 'RFC 8725 §3.10; RFC 7515 §4.1';
const kidInjection = 'RFC 8725 §3.10; CWE-22, CWE-89, CWE-943';

const foreignJwk = ({ foreign }: Workshop) => foreign.publicKey.export({ format: 'jwk' });
const byForeign = ({ foreign }: Workshop) => es256(foreign.privateKey);
const signedByForeign = (workshop: Workshop, header: Record<string, unknown>) =>
  workshop.token(header, {}, byForeign(workshop));

/** Keys that the token itself offers, and addresses that it offers them at. */
const offeredKeys: TokenAttack[] = refusedBy('header', `${fetching}; CVE-2018-0114`, {
  'an embedded jwk that verifies it': (workshop) => signedByForeign(workshop, { jwk: foreignJwk(workshop) }),
  'an embedded jwk without a kid': (workshop) =>
    signedByForeign(workshop, { jwk: foreignJwk(workshop), kid: undefined }),
  'an embedded jwk with a private half': (workshop) =>
    signedByForeign(workshop, { jwk: workshop.foreign.privateKey.export({ format: 'jwk' }) }),
  'a jku that leads to the loopback': (workshop) =>
    signedByForeign(workshop, { jku: `${workshop.listener.url}/jwks.json` }),
  'a jku behind the address of the deployment': (workshop) =>
    signedByForeign(workshop, { jku: `${workshop.deployment}@${new URL(workshop.listener.url).host}/jwks.json` }),
  'a jku with an escape in its name': (workshop) =>
    workshop.raw(
      JSON.stringify({ ...workshop.header, jku: workshop.listener.url }).replace('"jku"', '"\\u006aku"'),
      undefined,
      byForeign(workshop),
    ),
  'an x5u that leads to the loopback': (workshop) =>
    signedByForeign(workshop, { x5u: `${workshop.listener.url}/cert.pem` }),
  'an x5c chain': (workshop) =>
    signedByForeign(workshop, {
      x5c: [workshop.foreign.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
    }),
  'an x5t thumbprint': (workshop) => signedByForeign(workshop, { x5t: base64url('thumbprint') }),
});

/** Parameters that change how the rest is read. */
const readings: TokenAttack[] = [
  ...refusedBy('header', 'RFC 7515 §4.1.11; CVE-2025-59420', {
    'crit with an extension that nobody knows': (workshop) =>
      workshop.token({ crit: ['http://example.com/pop'], 'http://example.com/pop': true }),
    'crit that names exp': (workshop) => workshop.token({ crit: ['exp'] }),
    'an empty crit': (workshop) => workshop.token({ crit: [] }),
  }),
  ...refusedBy('header', 'RFC 7797 §7; RFC 8725 §3.10', {
    'b64 false, the payload encoded all the same': (workshop) => workshop.token({ b64: false, crit: ['b64'] }),
    'b64 false without crit': (workshop) => workshop.token({ b64: false }),
  }),
  ...refusedBy('form', 'RFC 7797 §5.2', {
    'b64 false, the payload as it is': (workshop) =>
      withPart(workshop.token({ b64: false, crit: ['b64'] }), 1, () => '{"sub":"owner"}'),
  }),
  ...refusedBy('header', 'RFC 7516 §4.1.3; CVE-2024-28176, CVE-2024-33664', {
    'zip, the payload as it is': (workshop) => workshop.token({ zip: 'DEF' }),
    'enc in a signed token': (workshop) => workshop.token({ enc: 'A256GCM' }),
  }),
  ...refusedBy('form', 'RFC 7516 §4.1.3; CVE-2024-28176, CVE-2024-33664', {
    'zip, the payload compressed': (workshop) =>
      workshop.raw(
        JSON.stringify({ ...workshop.header, zip: 'DEF' }),
        deflateRawSync(workshop.payloadWith('x', `"${'0'.repeat(1_000_000)}"`)),
      ),
  }),
];

/** Ids of keys that would mean something to a path, a database, a bus or a JavaScript object. */
const notAKeyId: Readonly<Record<string, unknown>> = {
  'a path out of the folder': '../../../../dev/null',
  'a path with a NUL': 'keyport\u0000.pem',
  'an address': 'file:///dev/null',
  'a query of SQL': "x' UNION SELECT 'secret' --",
  'a wildcard of the bus': 'public-key.>',
  'a line break': 'keyport\r\nx: y',
  'a command': '$(sleep 5)',
  'no text': '',
  'a number': 7,
  'an object, as MongoDB would take it': { $ne: null },
  'an array': ['keyport'],
  true: true,
  null: null,
};
const unknownKeyId = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'pk-000000000000000000000000',
];

const keyIds: TokenAttack[] = [
  ...refusedBy(
    'header',
    kidInjection,
    Object.fromEntries(
      Object.entries(notAKeyId).map(([what, kid]) => [`kid: ${what}`, (workshop: Workshop) => workshop.token({ kid })]),
    ),
  ),
  ...refusedBy('header', kidInjection, {
    'kid: 4,000 characters': (workshop) => workshop.token({ kid: 'k'.repeat(4_000) }),
    'no kid': (workshop) => workshop.token({ kid: undefined }),
  }),
  ...refusedBy(
    'key',
    'RFC 8725 §3.10; CWE-1321',
    Object.fromEntries(
      unknownKeyId.map((kid) => [`kid: ${kid}`, (workshop: Workshop) => signedByForeign(workshop, { kid })]),
    ),
  ),
  ...refusedBy('key', 'RFC 7515 §4.1.4', {
    'kid: one that nobody has': (workshop) => signedByForeign(workshop, { kid: 'keyport-unknown' }),
    'kid: ours in upper case': (workshop) => workshop.token({ kid: String(workshop.header.kid).toUpperCase() }),
    'kid: the thumbprint of the signer': (workshop) =>
      signedByForeign(workshop, {
        kid: base64url(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })).slice(0, 43),
      }),
  }),
];

export const headerAttacks: readonly TokenAttack[] = [...offeredKeys, ...readings, ...keyIds];
