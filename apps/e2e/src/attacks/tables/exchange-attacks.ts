import { randomUUID } from 'node:crypto';
import type { KeyportClient } from '@keyport/testing';
import { exchangeGrant, accessTokenType, exchanged, jwtBearerGrant } from '../../issuing.ts';
import { sendForm } from '../../oauth-client.ts';
import { answeredBy, refusedAs, type HttpAttack, type OAuthAttack, type OAuthReply } from '../attack.ts';
import { companyAudience, OtherIssuer } from '../other-issuer.ts';
import type { Workshop } from '../workshop.ts';

type Form = Readonly<Record<string, string>>;

const swap = ({ owner }: Workshop, token: string | undefined, form: Form = {}): Promise<OAuthReply> =>
  sendForm(owner, '/oauth/token', {
    ...{ grant_type: exchangeGrant, subject_token: token ?? '', subject_token_type: accessTokenType },
    ...form,
  });
const asks = (form: Form) => (workshop: Workshop) => swap(workshop, workshop.victim.token, form);
const shows = (tokenOf: (workshop: Workshop) => string | Promise<string>) => async (workshop: Workshop) =>
  swap(workshop, await tokenOf(workshop));
const detail = (more: object) =>
  JSON.stringify([{ type: 'keyport_dataset', datasets: ['*'], actions: ['records:*'], ...more }]);

const widening = 'RFC 8693 §1.1, §5; OWASP API5:2023; CWE-269';
const invalid = 'RFC 8693 §2.2.2; RFC 8725 §3.11';

export const exchangeAttacks: readonly OAuthAttack[] = [
  ...refusedAs('400 invalid_scope', widening, {
    'an exchange for another dataset': asks({ scope: 'records:read:invoices' }),
    'an exchange for a wider pattern': asks({ scope: 'records:read:orders*' }),
    'an exchange for another action': asks({ scope: 'records:update:orders' }),
    'an exchange for all actions': asks({ scope: 'records:*:orders' }),
    'an exchange for everything': asks({ scope: '*' }),
    'an exchange for one scope too many': asks({ scope: 'records:read:orders users:read' }),
    'an exchange of what was narrowed for what it was before': async (workshop) => {
      const child = await exchanged(workshop.owner, workshop.victim.token, { scope: 'records:read:orders' });
      return swap(workshop, child.token, { scope: 'keys:create' });
    },
    "an exchange of another issuer's token for more than its ceiling": async (workshop) =>
      swap(workshop, (await OtherIssuer.of(workshop)).token({}, { groups: ['all'] }), { scope: 'records:read:*' }),
  }),
  ...refusedAs('400 invalid_authorization_details', 'RFC 9396 §5, §7', {
    'an exchange of a narrowed key for another dataset': async (workshop) => {
      const { token } = await workshop.owner.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: {
          ...{ name: 'narrow', scopes: ['records:read:*'] },
          authorizationDetails: [{ type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'] }],
        },
      });
      return swap(workshop, token, { authorization_details: detail({ datasets: ['invoices'] }) });
    },
    'an exchange with details of a kind that nobody knows': asks({ authorization_details: '[{"type":"payment"}]' }),
    'an exchange with details that run code': asks({ authorization_details: detail({ filter: { $where: '1' } }) }),
  }),
  ...refusedAs('400 invalid_target', 'RFC 8693 §2.2.2; RFC 8707 §2', {
    'an exchange for another audience': asks({ audience: 'https://other.example' }),
    'an exchange for another resource': asks({ resource: 'https://other.example' }),
  }),
  ...refusedAs('400 invalid_request', invalid, {
    'an exchange of a token with another signature': shows((workshop) =>
      workshop.token({}, { jti: randomUUID() }, () => Buffer.alloc(64)),
    ),
    'an exchange of a token that has ended': shows((workshop) => workshop.token({}, { iat: 1, exp: 2 })),
    'an exchange of a token for another deployment': shows((workshop) =>
      workshop.token({}, { aud: 'https://other.example' }),
    ),
    'an exchange of a caller context': shows((workshop) => workshop.token({ typ: 'keyport-context+jwt' })),
    'an exchange of a job grant': shows((workshop) => workshop.token({ typ: 'keyport-grant+jwt' })),
    'an exchange of a link to a file': shows((workshop) => workshop.token({ typ: 'keyport-link+jwt' })),
    'an exchange of a refresh token': shows(async (workshop) => (await workshop.member('keys:read')).refreshToken),
    'an exchange of what is no token': shows(() => 'nonsense'),
    'an exchange of a token that is too large': shows(() => 'x'.repeat(8_193)),
    'an exchange of a token that was revoked': shows(async ({ owner }) => {
      const key = await owner.minted('records:read:orders');
      await owner.ok(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
      return key.token ?? '';
    }),
    'an exchange of a bound token without its proof': shows((workshop) =>
      workshop.token({}, { cnf: { jkt: 'x'.repeat(43) } }),
    ),
    "an exchange of another issuer's bound token without its proof": shows(async (workshop) =>
      (await OtherIssuer.of(workshop)).token({}, { cnf: { jkt: 'x'.repeat(43) } }),
    ),
    "an exchange of another issuer's token in the name of the deployment": shows(async (workshop) =>
      (await OtherIssuer.of(workshop)).token({}, { iss: workshop.deployment, aud: workshop.deployment }),
    ),
    "an exchange of another issuer's logout token": shows(async (workshop) =>
      (await OtherIssuer.of(workshop)).token({ typ: 'logout+jwt' }),
    ),
    "an exchange of another issuer's token as an ID token": async (workshop) =>
      swap(workshop, (await OtherIssuer.of(workshop)).token(), {
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    'an exchange with an actor that is not proven': asks({ actor_token: 'x', actor_token_type: accessTokenType }),
    'an exchange for an ID token': asks({ requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    'an exchange for a refresh token': asks({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
    'a fifth exchange in a row': async (workshop) => {
      const session = await workshop.member('records:read:orders');
      let last: KeyportClient = session.client;
      for (let made = 0; made < 4; made += 1) last = await exchanged(workshop.owner, last.token);
      return swap(workshop, last.token);
    },
  }),
];

const assertion = async (workshop: Workshop, header: object = {}, claims: object = {}) =>
  (await OtherIssuer.of(workshop)).token({ typ: 'JWT', ...header }, { aud: workshop.deployment, ...claims });
const bear = ({ owner }: Workshop, text: string) =>
  sendForm(owner, '/oauth/token', { grant_type: jwtBearerGrant, assertion: text });
const bears =
  (header: object, claims: object = {}) =>
  async (workshop: Workshop) =>
    bear(workshop, await assertion(workshop, header, claims));

export const assertionAttacks: readonly OAuthAttack[] = refusedAs(
  '400 invalid_grant',
  'RFC 7523 §3, §6; RFC 7521 §5.2',
  {
    'an assertion shown twice': async (workshop) => {
      const text = await assertion(workshop);
      const first = await bear(workshop, text);
      if (first.status !== 200) throw new Error('the first time it was good');
      return bear(workshop, text);
    },
    'an assertion signed anew under the id of another': async (workshop) => {
      const jti = randomUUID();
      await bear(workshop, await assertion(workshop, {}, { jti }));
      return bear(workshop, await assertion(workshop, {}, { jti, sub: 'bob' }));
    },
    'an assertion for the audience of access tokens': bears({}, { aud: companyAudience }),
    'an assertion for another deployment': bears({}, { aud: 'https://other.example' }),
    'an assertion for two audiences': async (workshop) =>
      bear(workshop, await assertion(workshop, {}, { aud: [workshop.deployment, 'https://other.example'] })),
    'an assertion for a path of the deployment': async (workshop) =>
      bear(workshop, await assertion(workshop, {}, { aud: `${workshop.deployment}/v1` })),
    "another issuer's assertion without an id": bears({}, { jti: undefined }),
    "another issuer's assertion without an end": bears({}, { exp: undefined }),
    'an assertion that has ended': bears({}, { iat: 1, exp: 2 }),
    'an assertion for a day': bears({}, { exp: Math.floor(Date.now() / 1000) + 86_400 }),
    'an access token as an assertion': bears({ typ: 'at+jwt' }),
    'a logout token as an assertion': bears({ typ: 'logout+jwt' }),
    'an assertion that brings its key': async (workshop) =>
      bear(workshop, await assertion(workshop, { jwk: workshop.foreign.publicKey.export({ format: 'jwk' }) })),
    'an assertion of nobody': bears({}, { iss: 'https://third.example' }),
    'an assertion in the name of the deployment': async (workshop) =>
      bear(workshop, await assertion(workshop, {}, { iss: workshop.deployment })),
    'an assertion that the deployment would have signed': async (workshop) =>
      bear(workshop, workshop.token({ typ: 'JWT' })),
  },
);

export const exchangedRights: readonly HttpAttack[] = answeredBy(
  '403 TOKEN_EXCHANGED',
  'RFC 8693 §5; CWE-613; CWE-269',
  {
    'what was exchanged mints a key, which would outlive it': async (workshop) => {
      const child = await exchanged(workshop.owner, workshop.victim.token);
      return workshop.ask(child.token, '/v1/keys', { name: 'x', scopes: ['records:read:orders'] });
    },
    'what was exchanged takes the next token of its key': async (workshop) => {
      const key = await workshop.owner.minted('keys:update');
      const child = await exchanged(workshop.owner, key.token);
      return workshop.ask(child.token, `/v1/keys/${key.keyId}/rotate`, { graceSeconds: 0 });
    },
    'what was exchanged changes an issuer': async (workshop) => {
      const key = await workshop.owner.minted('issuers:update', 'records:read:orders');
      const child = await exchanged(workshop.owner, key.token);
      const { id } = await OtherIssuer.of(workshop);
      return workshop.ask(child.token, `/v1/issuers/${id}`, { trust: 'direct' }, 'PATCH');
    },
    'what was exchanged makes a user, who could sign in': async (workshop) => {
      const key = await workshop.owner.minted('users:create', 'records:read:orders');
      const child = await exchanged(workshop.owner, key.token);
      const user = { email: 'x@team.example', role: 'member', scopes: ['records:read:orders'] };
      return workshop.ask(child.token, '/v1/users', user);
    },
  },
);
