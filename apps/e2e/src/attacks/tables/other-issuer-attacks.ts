import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { es256, type KeyportClient } from '@keyport/testing';
import { answeredBy, refusedBy, type HttpAttack, type TokenAttack } from '../attack.ts';
import { OtherIssuer } from '../other-issuer.ts';
import type { Workshop } from '../workshop.ts';

type Members = Readonly<Record<string, unknown>>;

const says =
  (header: Members, claims: Members = {}) =>
  async (workshop: Workshop) =>
    (await OtherIssuer.of(workshop)).token(header, claims);

/** As another issuer would sign what only this deployment may. */
const poses =
  (membersOf: (workshop: Workshop) => readonly [header: Members, claims: Members]) => async (workshop: Workshop) =>
    (await OtherIssuer.of(workshop)).token(...membersOf(workshop));

const mixUp = 'RFC 8725 §2.8, §3.8; RFC 9068 §4; RFC 9207 §1';

export const otherIssuersTokens: readonly TokenAttack[] = [
  ...refusedBy('key', mixUp, {
    "another issuer's token in the name of the deployment": poses(({ deployment }) => [{}, { iss: deployment }]),
    "another issuer's token in the name and for the audience of the deployment": poses(({ claims }) => [
      {},
      { ...claims },
    ]),
    "another issuer's token under the kid of the deployment": poses(({ header }) => [{ kid: header.kid }, {}]),
    "another issuer's token in the name of a third": says({}, { iss: 'https://third.example' }),
    'the name of another issuer with a slash behind it': async (workshop) => {
      const other = await OtherIssuer.of(workshop);
      return other.token({}, { iss: `${other.issuer}/` });
    },
    "another issuer's name under the key of a third one": async (workshop) => {
      const [other, third] = [await OtherIssuer.of(workshop), await OtherIssuer.registeredIn(workshop)];
      return third.token({}, { iss: other.issuer });
    },
    "another issuer's name and kid, signed with the deployment's own key": async (workshop) =>
      (await OtherIssuer.of(workshop)).token({}, {}, workshop.bySelf),
    "another issuer's name and kid, signed with a key of nobody": async (workshop) =>
      (await OtherIssuer.of(workshop)).token({}, {}, es256(workshop.foreign.privateKey)),
    'a token of this deployment that names another issuer': async (workshop) =>
      workshop.token({}, { iss: (await OtherIssuer.of(workshop)).issuer }),
    'the kid of a key that another issuer does not have': says({ kid: 'another' }),
    "another issuer's token with an algorithm that its key is not for": says({ alg: 'PS256' }),
  }),
  ...refusedBy('type', 'RFC 8725 §3.11; RFC 9068 §4', {
    "another issuer's ID token as an access token": says({ typ: 'JWT' }),
    "another issuer's logout token as an access token": says({ typ: 'logout+jwt' }),
    "another issuer's token without a type": says({ typ: undefined }),
    "another issuer's token as a caller context": says({ typ: 'keyport-context+jwt' }),
    "another issuer's token as a link to a file": says({ typ: 'keyport-link+jwt' }),
  }),
  ...refusedBy('header', 'RFC 7515 §4.1.3; RFC 8725 §3.10; CVE-2018-0114', {
    "another issuer's token that brings its key": poses(({ foreign }) => [
      { jwk: foreign.publicKey.export({ format: 'jwk' }) },
      {},
    ]),
    "another issuer's token that says where its key lies": poses(({ listener }) => [
      { jku: `${listener.url}/jwks` },
      {},
    ]),
    "another issuer's token that brings a certificate": poses(({ listener }) => [{ x5u: `${listener.url}/x5u` }, {}]),
    "another issuer's token with an extension that must be understood": says({ crit: ['x'], x: 1 }),
  }),
  ...refusedBy('audience', 'RFC 8725 §3.9; RFC 9068 §4', {
    "another issuer's token for somebody else": says({}, { aud: 'https://other.example' }),
    "another issuer's token for the deployment's own audience": poses(({ deployment }) => [{}, { aud: deployment }]),
  }),
  ...refusedBy('claims', 'RFC 8725 §3.9; RFC 9068 §2.2', {
    "another issuer's token for two audiences": poses(({ deployment }) => [
      {},
      { aud: ['https://keyport.company.example', deployment] },
    ]),
    "another issuer's token without an id": says({}, { jti: undefined }),
    "another issuer's token without a subject": says({}, { sub: undefined }),
    "another issuer's token with a line break in its subject": says({}, { sub: 'alice\nadmin' }),
    "another issuer's token that is bound to a certificate": says({}, { cnf: { 'x5t#S256': 'x' } }),
  }),
  ...refusedBy('time', 'RFC 8725 §3.8; RFC 9068 §4', {
    "another issuer's token that lives longer than it may": says({}, { exp: Math.floor(Date.now() / 1000) + 86_000 }),
    "another issuer's token that has ended": says({}, { iat: 1, exp: 2 }),
    "another issuer's token of tomorrow": says({}, { iat: 4_000_000_000, exp: 4_000_000_060 }),
  }),
];

const ask = async (workshop: Workshop, token: string, path: string, json?: unknown) => workshop.ask(token, path, json);

export const otherIssuersRights: readonly HttpAttack[] = [
  ...answeredBy('403 INSUFFICIENT_SCOPE', 'RFC 6749 §3.3; OWASP API5:2023; CWE-269', {
    'a mapping that gives more than the ceiling': async (workshop) => {
      const token = (await OtherIssuer.of(workshop)).token({}, { groups: ['all'] });
      return workshop.ask(token, '/v1/datasets/orders/records/x', { _id: 'x' }, 'PUT');
    },
    'a scope that another issuer writes into its token by itself': async (workshop) => {
      const token = (await OtherIssuer.of(workshop)).token({}, { scope: 'audit:read *', groups: [] });
      return ask(workshop, token, '/v1/audit');
    },
    "the id of one of our keys in another issuer's token": async (workshop) => {
      const claims = { key: workshop.victim.keyId, sub: workshop.claims.sub, groups: ['data'] };
      return ask(workshop, (await OtherIssuer.of(workshop)).token({}, claims), '/v1/keys');
    },
    "a user's id as the subject of another issuer's token": async (workshop) =>
      ask(workshop, (await OtherIssuer.of(workshop)).token({}, { sub: workshop.claims.sub }), '/v1/users'),
    "a client of ours in another issuer's token": async (workshop) =>
      ask(workshop, (await OtherIssuer.of(workshop)).token({}, { client_id: 'keyport' }), '/v1/signing-keys'),
  }),
];

const register = ({ owner }: { readonly owner: KeyportClient }, json: Members) =>
  owner.request('/v1/issuers', {
    method: 'POST',
    json: { issuer: 'https://idp.example', audience: 'x', scopeMapping: [], ceiling: [], ...json },
  });

/** The key set lies at this machine's own listener, its address written so. */
const liesAt =
  (host: string, scheme = 'https') =>
  (workshop: Workshop) =>
    register(workshop, { jwksUri: `${scheme}://${host}:${new URL(workshop.listener.url).port}/jwks` });
const at = (jwksUri: string) => (workshop: Workshop) => register(workshop, { jwksUri });
const with1 = (jwk: JsonWebKey) => (workshop: Workshop) =>
  register(workshop, { jwks: { keys: [{ kid: 'a', ...jwk }] } });
const named = (issuerOf: (workshop: Workshop) => string) => (workshop: Workshop) =>
  register(workshop, { issuer: issuerOf(workshop), jwks: { keys: [{ kid: 'a', ...ed25519().x }] } });

const ed25519 = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { x: publicKey.export({ format: 'jwk' }), d: privateKey.export({ format: 'jwk' }) };
};
const rsa = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });

const requestForgery = 'OWASP API7:2023; CWE-918; RFC 9700 §4.14; RFC 6890';
const takingOver = 'RFC 9700 §4.4; RFC 8725 §2.8';

export const issuerRegistrationAttacks: readonly HttpAttack[] = [
  ...answeredBy('422 ISSUER_KEYS_UNAVAILABLE', requestForgery, {
    'a key set on this machine': liesAt('127.0.0.1'),
    'a key set on this machine by http': liesAt('127.0.0.1', 'http'),
    'a key set on this machine by its name': liesAt('localhost'),
    'a key set on this machine by its name with a dot': liesAt('localhost.'),
    'a key set on this machine, in decimal': liesAt('2130706433'),
    'a key set on this machine, in octal': liesAt('0177.0.0.1'),
    'a key set on this machine, in hexadecimal': liesAt('0x7f.1'),
    'a key set on this machine, cut short': liesAt('127.1'),
    'a key set on this machine by another address of it': liesAt('127.8.8.8'),
    'a key set on this machine, in full-width digits': liesAt('１２７.０.０.１'),
    'a key set on this machine, in IPv6': liesAt('[::1]'),
    'a key set on this machine, mapped into IPv6': liesAt('[::ffff:127.0.0.1]'),
    'a key set on this machine, mapped into IPv6 in hexadecimal': liesAt('[::ffff:7f00:1]'),
    'a key set on this machine, by NAT64': liesAt('[64:ff9b::7f00:1]'),
    'a key set on this machine, by 6to4': liesAt('[2002:7f00:1::]'),
    'a key set at no address': liesAt('0.0.0.0'),
    'a key set at no address, in IPv6': liesAt('[::]'),
    'a key set among the secrets of a cloud': at('https://169.254.169.254/latest/meta-data'),
    'a key set among the secrets of a cloud, mapped into IPv6': at('https://[::ffff:a9fe:a9fe]/latest'),
    'a key set among the secrets of a cloud, in IPv6': at('https://[fd00:ec2::254]/latest'),
    'a key set in a private network (10)': at('https://10.0.0.1/jwks'),
    'a key set in a private network (172.16)': at('https://172.16.0.1/jwks'),
    'a key set in a private network (192.168)': at('https://192.168.0.1/jwks'),
    'a key set behind the NAT of a carrier': at('https://100.64.0.1/jwks'),
    'a key set on the link': at('https://[fe80::1]/jwks'),
    'a key set for everybody (multicast)': at('https://224.0.0.1/jwks'),
    'a key set in a file': at('file:///etc/passwd'),
    'a key set in the address itself': at('data:application/json,{"keys":[]}'),
    'a key set by a protocol that is none of the web': at('gopher://127.0.0.1:6379/_INFO'),
    'a key set behind a password': at('https://a:b@10.0.0.1/jwks'),
  }),
  ...answeredBy('422 ISSUER_INVALID', takingOver, {
    'the deployment itself as another issuer': named(({ deployment }) => deployment),
    'the deployment with a slash as another issuer': named(({ deployment }) => `${deployment}/`),
    'the issuer of self-issued tokens as another issuer': named(({ deployment }) => `${deployment}/public-keys/1`),
    'an issuer by http': named(() => 'http://idp.example'),
    'an issuer with a query': named(() => 'https://idp.example?a=b'),
    'an issuer that holds the sign between issuer and subject': named(() => 'https://idp.example/a|b'),
  }),
  ...answeredBy('422 PUBLIC_KEY_INVALID', 'RFC 8725 §3.2, §3.5; RFC 7517 §9.2', {
    'an issuer with a short RSA key': (workshop) => with1(rsa(1024))(workshop),
    'an issuer with a secret as its key': with1({ kty: 'oct', k: 'c2VjcmV0' }),
    'an issuer with its private key': (workshop) => with1(ed25519().d)(workshop),
    'an issuer with a key that has no name': (workshop) => with1({ ...ed25519().x, kid: undefined })(workshop),
  }),
  ...answeredBy('409 ISSUER_TAKEN', takingOver, {
    'an issuer that somebody else has registered': async (workshop) => {
      const { issuer } = await OtherIssuer.of(workshop);
      return named(() => issuer)(workshop);
    },
  }),
  ...answeredBy('403 SCOPE_NOT_HELD', 'OWASP API5:2023; CWE-269', {
    'an issuer with a ceiling above its maker': async (workshop) => {
      const weak = await workshop.owner.minted('issuers:*', 'records:read:orders');
      return register({ owner: weak }, { jwksUri: 'https://idp.example', ceiling: ['*'] });
    },
    'new keys for an issuer that may more than who changes it': async (workshop) => {
      const weak = await workshop.owner.minted('issuers:*');
      const { id } = await OtherIssuer.of(workshop);
      return workshop.ask(weak.token, `/v1/issuers/${id}`, { jwks: { keys: [{ kid: 'a', ...ed25519().x }] } }, 'PATCH');
    },
  }),
];
