import { refusedBy, type TokenAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

type Claims = (workshop: Workshop) => Readonly<Record<string, unknown>>;

/** Good tokens but for these claims. */
const claiming = (changes: Readonly<Record<string, Claims>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([name, claims]) => [
      name,
      (workshop: Workshop) => workshop.token({}, claims(workshop)),
    ]),
  );
const typed = (changes: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([typ, value]) => [typ, (workshop: Workshop) => workshop.token({ typ: value })]),
  );

const crossToken: TokenAttack[] = refusedBy(
  'type',
  'RFC 8725 §2.8, §3.11; RFC 9068 §4',
  typed({
    'typ JWT, as an ID token has': 'JWT',
    'no typ': undefined,
    'an empty typ': '',
    'typ in upper case': 'AT+JWT',
    'typ in mixed case': 'at+JWT',
    'typ with the prefix of the media type': 'application/at+jwt',
    'typ with a parameter': 'at+jwt;charset=utf-8',
    'typ as an array': ['at+jwt'],
    'a caller context shown over HTTP': 'keyport-context+jwt',
    'a job grant shown over HTTP': 'keyport-grant+jwt',
    'a logout token (OpenID Connect)': 'logout+jwt',
    'a DPoP proof (RFC 9449)': 'dpop+jwt',
    'an introspection reply (RFC 9701)': 'token-introspection+jwt',
    'a client assertion (RFC 7523)': 'client-authentication+jwt',
  }),
);

const audience: TokenAttack[] = [
  ...refusedBy(
    'claims',
    'RFC 8725 §3.9; RFC 9068 §4; CVE-2020-26160',
    claiming({
      'several audiences, ours among them': ({ deployment }) => ({ aud: ['https://other.example', deployment] }),
      'our audience as an array of one': ({ deployment }) => ({ aud: [deployment] }),
      'an empty array as audience': () => ({ aud: [] }),
      'an object as audience': ({ deployment }) => ({ aud: { [deployment]: true } }),
      'no audience': () => ({ aud: undefined }),
      'an empty audience': () => ({ aud: '' }),
    }),
  ),
  ...refusedBy(
    'audience',
    'RFC 8725 §3.9; RFC 7519 §4.1.3',
    claiming({
      'the audience of another deployment': () => ({ aud: 'https://keyport.other.example' }),
      'our audience with a slash behind': ({ deployment }) => ({ aud: `${deployment}/` }),
      'our audience in upper case': ({ deployment }) => ({ aud: deployment.toUpperCase() }),
      'our audience and a space': ({ deployment }) => ({ aud: `${deployment} https://other.example` }),
      'the audience of the bus': () => ({ aud: 'keyport-bus' }),
      'a wildcard as audience': () => ({ aud: '*' }),
    }),
  ),
];

const issuer: TokenAttack[] = [
  ...refusedBy(
    'issuer',
    'RFC 8725 §3.8; RFC 7519 §4.1.1; CVE-2024-53861',
    claiming({
      'another issuer': () => ({ iss: 'https://evil.example' }),
      'our issuer with a slash behind': ({ deployment }) => ({ iss: `${deployment}/` }),
      'our issuer in upper case': ({ deployment }) => ({ iss: deployment.toUpperCase() }),
      'a part of our issuer': ({ deployment }) => ({ iss: deployment.slice(0, -1) }),
      'our issuer and more': ({ deployment }) => ({ iss: `${deployment}.evil.example` }),
      'our issuer and a NUL': ({ deployment }) => ({ iss: `${deployment}\u0000` }),
      'our issuer in letters that look alike': ({ deployment }) => ({ iss: deployment.replace('p', '\u0440') }),
      'a public key that is not there as issuer': ({ deployment }) => ({ iss: `${deployment}/public-keys/0` }),
    }),
  ),
  ...refusedBy(
    'claims',
    'RFC 7519 §4.1.1; RFC 9068 §2.2',
    claiming({
      'no issuer': () => ({ iss: undefined }),
      'an array as issuer': ({ deployment }) => ({ iss: [deployment] }),
      'null as issuer': () => ({ iss: null }),
    }),
  ),
];

const wrongTypes: TokenAttack[] = refusedBy(
  'claims',
  'RFC 9068 §2.2; RFC 7519 §4; RFC 8725 §3.10',
  claiming({
    'sub as a number': () => ({ sub: 1 }),
    'sub as an object, as MongoDB would take it': () => ({ sub: { $ne: null } }),
    'sub as an array': ({ claims }) => ({ sub: [claims.sub] }),
    'no sub': () => ({ sub: undefined }),
    'an empty sub': () => ({ sub: '' }),
    'a jti with a wildcard of the bus': () => ({ jti: 'a.>' }),
    'jti as a number': () => ({ jti: 7 }),
    'no jti': () => ({ jti: undefined }),
    'scope as an array': () => ({ scope: ['*'] }),
    'scope as an object': () => ({ scope: { '*': true } }),
    'no scope': () => ({ scope: undefined }),
    'client_id as an object': () => ({ client_id: {} }),
    'key as an array': () => ({ key: ['a', 'b'] }),
    'key with a wildcard of the bus': () => ({ key: '>' }),
    'anc as a text': () => ({ anc: 'parent' }),
    'five ancestors': () => ({ anc: ['a', 'b', 'c', 'd', 'e'] }),
    'authorization_details as a text': () => ({ authorization_details: '[]' }),
    'authorization_details of an unknown type': () => ({ authorization_details: [{ type: 'openid_credential' }] }),
    'no authorization details in a list of them': () => ({ authorization_details: [] }),
    'authorization_details with an operator that runs code': () => ({
      authorization_details: [
        { type: 'keyport_dataset', datasets: ['*'], actions: ['records:read'], filter: { $where: 'true' } },
      ],
    }),
  }),
);

export const claimAttacks: readonly TokenAttack[] = [...crossToken, ...audience, ...issuer, ...wrongTypes];
