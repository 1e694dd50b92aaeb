import { answeredBy, type HttpAttack } from '../attack.ts';
import { rawRequest } from '../raw-http.ts';
import type { Workshop } from '../workshop.ts';

const elsewhere = 'RFC 6750 §2, §5.3; RFC 9700 §4.3.2';
const ambiguous = 'RFC 9110 §5.3, §11.6.2; RFC 6750 §2.1; CWE-436';
const large = 'CWE-400, CWE-770; CVE-2025-61920';

const me = 'GET /v1/auth/me HTTP/1.1';
const fiveMegabytes = 5_000_000;

/** `GET /v1/auth/me` with these header lines. */
const withLines = (lines: (good: string, workshop: Workshop) => readonly string[]) => (workshop: Workshop) =>
  rawRequest(workshop.deployment, [me, ...lines(workshop.token(), workshop)]);
const withLine = (line: (good: string) => string) => withLines((good) => [line(good)]);

const post = (workshop: Workshop, path: string, type: string, body: string, lines: readonly string[] = []) =>
  rawRequest(
    workshop.deployment,
    [`POST ${path} HTTP/1.1`, ...lines, `Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`],
    body,
  );

/** `POST /v1/tokens/inspect` of a token that is written so in JSON. */
const inspected = (workshop: Workshop, json: string) =>
  post(workshop, '/v1/tokens/inspect', 'application/json', `{"token":${json}}`, [
    `Authorization: Bearer ${workshop.owner.token}`,
  ]);

const inOtherPlaces: HttpAttack[] = [
  ...answeredBy('401 TOKEN_MISSING', elsewhere, {
    'the token in the query': (workshop) => workshop.ask(undefined, `/v1/auth/me?access_token=${workshop.token()}`),
    'the token as the user of the address': (workshop) =>
      rawRequest(workshop.deployment, [`GET http://${workshop.token()}@127.0.0.1/v1/auth/me HTTP/1.1`]),
    'the token in a cookie': withLine((good) => `Cookie: access_token=${good}; token=${good}`),
    'the token in X-Access-Token': withLine((good) => `X-Access-Token: ${good}`),
    'the token in Proxy-Authorization': withLine((good) => `Proxy-Authorization: Bearer ${good}`),
    'the token in a JSON body': (workshop) =>
      post(
        workshop,
        '/v1/keys',
        'application/json',
        JSON.stringify({ access_token: workshop.token(), name: 'x', scopes: ['keys:create'] }),
      ),
  }),
  ...answeredBy('415 UNSUPPORTED_MEDIA_TYPE', elsewhere, {
    'the token in a form': (workshop) =>
      post(workshop, '/v1/keys', 'application/x-www-form-urlencoded', `access_token=${workshop.token()}`),
  }),
];

const ambiguousHeaders: HttpAttack[] = [
  ...answeredBy('401 TOKEN_MISSING', ambiguous, {
    'no scheme before the token': withLine((good) => `Authorization: ${good}`),
    'the scheme Basic': withLine((good) => `Authorization: Basic ${good}`),
    'the scheme JWT, as passport-jwt once took it': withLine((good) => `Authorization: JWT ${good}`),
    'Bearer behind another scheme': withLine((good) => `Authorization: Basic eDp5, Bearer ${good}`),
    'two schemes in two headers, the good one last': withLines((good) => [
      'Authorization: Basic eDp5',
      `Authorization: Bearer ${good}`,
    ]),
    'no token behind Bearer': withLine(() => 'Authorization: Bearer'),
  }),
  ...answeredBy('401 TOKEN_INVALID', ambiguous, {
    'two Authorization headers, the good one first': withLines((good) => [
      `Authorization: Bearer ${good}`,
      'Authorization: Bearer other',
    ]),
    'two Authorization headers, the good one last': withLines((good) => [
      'Authorization: Bearer other',
      `Authorization: Bearer ${good}`,
    ]),
    'two schemes in two headers, the good one first': withLines((good) => [
      `Authorization: Bearer ${good}`,
      'Authorization: Basic eDp5',
    ]),
    'the same Authorization header twice': withLines((good) => [
      `Authorization: Bearer ${good}`,
      `Authorization: Bearer ${good}`,
    ]),
    'two tokens in one header, with a comma': withLine((good) => `Authorization: Bearer ${good}, Bearer other`),
    'two tokens in one header, with a space': withLine((good) => `Authorization: Bearer ${good} other`),
    'the token in quotation marks': withLine((good) => `Authorization: Bearer "${good}"`),
    'a byte of Latin-1 behind the token': withLine((good) => `Authorization: Bearer ${good}\u00a0`),
  }),
  ...answeredBy('400 BAD_REQUEST', 'RFC 9112 §5, §5.2; CWE-113, CWE-444', {
    'a NUL behind the token': withLine((good) => `Authorization: Bearer ${good}\u0000`),
    'a token folded over two lines': withLine(
      (good) => `Authorization: Bearer ${good.slice(0, 50)}\r\n ${good.slice(50)}`,
    ),
    'a space before the colon': withLine((good) => `Authorization : Bearer ${good}`),
    'a carriage return alone behind the token': withLine((good) => `Authorization: Bearer ${good}\rX: y`),
  }),
];

const tooLarge: HttpAttack[] = [
  ...answeredBy('431 HEADERS_TOO_LARGE', large, {
    'a token of 5 MB': withLine(() => `Authorization: Bearer ${'A'.repeat(fiveMegabytes)}`),
    'a token 100,000 levels deep': (workshop) => {
      const bomb = workshop.raw(undefined, workshop.payloadWith('x', '['.repeat(100_000) + ']'.repeat(100_000)));
      return rawRequest(workshop.deployment, [me, `Authorization: Bearer ${bomb}`]);
    },
    'five megabytes of dots': withLine(() => `Authorization: Bearer ${'.'.repeat(fiveMegabytes)}`),
  }),
  ...answeredBy('401 TOKEN_INVALID', large, {
    'a good token of 9 KB': (workshop) => workshop.ask(workshop.token({}, { x: 'x'.repeat(6_500) })),
  }),
  ...answeredBy('413 BODY_TOO_LARGE', large, {
    'a token of 5 MB for inspection': (workshop) => inspected(workshop, JSON.stringify('A'.repeat(fiveMegabytes))),
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'CWE-674, CWE-943', {
    'an inspection of an object': (workshop) =>
      workshop.ask(workshop.owner.token, '/v1/tokens/inspect', { token: { $ne: null } }),
    'an inspection of an array': (workshop) =>
      workshop.ask(workshop.owner.token, '/v1/tokens/inspect', { token: [workshop.token()] }),
    'an inspection with a body 100,000 levels deep': (workshop) =>
      inspected(workshop, '['.repeat(100_000) + ']'.repeat(100_000)),
  }),
  ...answeredBy('401 TOKEN_MISSING', 'RFC 7662 §2.1', {
    'an inspection by nobody': (workshop) => workshop.ask(undefined, '/v1/tokens/inspect', { token: workshop.token() }),
  }),
];

export const transportAttacks: readonly HttpAttack[] = [...inOtherPlaces, ...ambiguousHeaders, ...tooLarge];
