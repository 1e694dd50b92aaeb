import { createHmac, randomUUID } from 'node:crypto';
import { base64url } from '@keyport/testing';
import { exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { assertionType, basicOf, registerClient, sendForm, SigningClient } from '../../oauth-client.ts';
import { refusedAs, type OAuthAttack, type OAuthReply } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const credentials = { grant_type: 'client_credentials' };
const now = () => Math.floor(Date.now() / 1000);

const signing = ({ owner }: Workshop) => SigningClient.registeredBy(owner);
const ask = ({ owner }: Workshop, form: Record<string, string> | string, headers: Record<string, string> = {}) =>
  sendForm(owner, '/oauth/token', form, headers);
const assert = (workshop: Workshop, assertion: string, more: Record<string, string> = {}): Promise<OAuthReply> =>
  ask(workshop, {
    ...credentials,
    client_assertion_type: assertionType,
    client_assertion: assertion,
    ...more,
  });

/** An assertion that is good but for these claims. */
const claiming =
  (claimsOf: (workshop: Workshop) => JWTPayload): OAuthAttack['act'] =>
  async (workshop) => {
    const signer = await signing(workshop);
    return assert(workshop, await signer.assertion({ aud: workshop.deployment, ...claimsOf(workshop) }));
  };

const assertions: OAuthAttack[] = [
  ...refusedAs('401 invalid_client', 'RFC 7523 §3 (7); CWE-294', {
    'an assertion used twice': async (workshop) => {
      const assertion = await (await signing(workshop)).assertion({ aud: workshop.deployment });
      const first = await assert(workshop, assertion);
      if (first.status !== 200) throw new Error(`the first use was answered with ${first.status}`);
      return assert(workshop, assertion);
    },
    'an assertion that was shown to the introspection endpoint before': async (workshop) => {
      const assertion = await (await signing(workshop)).assertion({ aud: workshop.deployment });
      const proof = { client_assertion_type: assertionType, client_assertion: assertion };
      const first = await sendForm(workshop.owner, '/oauth/introspect', { token: 'x', ...proof });
      if (first.status !== 200) throw new Error(`the first use was answered with ${first.status}`);
      return assert(workshop, assertion);
    },
    'another assertion with the id of one that was used': async (workshop) => {
      const signer = await signing(workshop);
      const jti = randomUUID();
      await assert(workshop, await signer.assertion({ aud: workshop.deployment, jti }));
      return assert(workshop, await signer.assertion({ aud: workshop.deployment, jti, exp: now() + 90 }));
    },
    'an assertion without an id': claiming(() => ({ jti: undefined })),
  }),
  ...refusedAs('401 invalid_client', 'RFC 7523 §3 (3); RFC 8725 §3.9', {
    'an assertion for another server': claiming(() => ({ aud: 'https://elsewhere.example' })),
    'an assertion for another server, too': claiming(({ deployment }) => ({
      aud: [deployment, 'https://elsewhere.example'],
    })),
    'an assertion for nobody': claiming(() => ({ aud: undefined })),
    'an assertion for another endpoint': claiming(({ deployment }) => ({ aud: `${deployment}/v1/auth/login` })),
    'an assertion for an address that begins like this one': claiming(({ deployment }) => ({
      aud: `${deployment}.elsewhere.example`,
    })),
  }),
  ...refusedAs('401 invalid_client', 'RFC 7523 §3 (4), (5), (6)', {
    'an assertion that has expired': claiming(() => ({ iat: now() - 120, exp: now() - 60 })),
    'an assertion for an hour': claiming(() => ({ exp: now() + 3_600 })),
    'an assertion without an end': claiming(() => ({ exp: undefined })),
    'an assertion from the future': claiming(() => ({ iat: now() + 60, exp: now() + 120 })),
    'an assertion that is not good yet': claiming(() => ({ nbf: now() + 60 })),
  }),
  ...refusedAs('401 invalid_client', 'RFC 7523 §3 (1), (2), (9); RFC 8725 §2.1, §3.1', {
    'an assertion signed by another key': async (workshop) => {
      const { privateKey: key } = await generateKeyPair('ES256');
      return assert(workshop, await (await signing(workshop)).assertion({ aud: workshop.deployment }, { key }));
    },
    "an assertion in the name of another client, signed with one's own key": async (workshop) => {
      const [mine, other] = [await signing(workshop), await signing(workshop)];
      const names = { iss: other.client.id, sub: other.client.id };
      return assert(workshop, await mine.assertion({ aud: workshop.deployment, ...names }));
    },
    'an assertion whose subject is another client': async (workshop) => {
      const [mine, other] = [await signing(workshop), await signing(workshop)];
      return assert(workshop, await mine.assertion({ aud: workshop.deployment, sub: other.client.id }));
    },
    'an assertion that brings its own key': async (workshop) => {
      const { publicKey, privateKey: key } = await generateKeyPair('ES256', { extractable: true });
      const header = { jwk: await exportJWK(publicKey) };
      return assert(workshop, await (await signing(workshop)).assertion({ aud: workshop.deployment }, { key, header }));
    },
    'an assertion without a signature': async (workshop) => {
      const { client } = await signing(workshop);
      return assert(workshop, `${partsFor(workshop, client.id, 'none').join('.')}.`);
    },
    "an assertion signed with the client's secret": async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const signed = partsFor(workshop, client.id, 'HS256').join('.');
      return assert(workshop, `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`);
    },
    "the client's own access token as its assertion": async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const { body } = await ask(workshop, credentials, basicOf(client.id, secret));
      return assert(workshop, String(body['access_token']));
    },
    'an assertion beside the name of another client': async (workshop) => {
      const [mine, other] = [await signing(workshop), await signing(workshop)];
      const assertion = await mine.assertion({ aud: workshop.deployment });
      return assert(workshop, assertion, { client_id: other.client.id });
    },
  }),
];

const partsFor = ({ deployment: aud }: Workshop, id: string, alg: string): [string, string] => {
  const claims = { iss: id, sub: id, aud, iat: now(), exp: now() + 60, jti: randomUUID() };
  return [base64url(JSON.stringify({ alg })), base64url(JSON.stringify(claims))];
};

const secrets: OAuthAttack[] = [
  ...refusedAs('401 invalid_client', 'RFC 6749 §2.3.1, §10.1; CWE-287', {
    'a wrong secret': async (workshop) => {
      const { client } = await registerClient(workshop.owner);
      return ask(workshop, credentials, basicOf(client.id, `kps_${'A'.repeat(43)}`));
    },
    'the secret of another client': async (workshop) => {
      const [mine, other] = [await registerClient(workshop.owner), await registerClient(workshop.owner)];
      return ask(workshop, credentials, basicOf(other.client.id, mine.secret));
    },
    'the first half of a secret': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      return ask(workshop, { ...credentials, client_id: client.id, client_secret: secret.slice(0, 24) });
    },
    'a client that has a secret, by its name alone': async (workshop) => {
      const { client } = await registerClient(workshop.owner);
      return ask(workshop, { ...credentials, client_id: client.id });
    },
    'a client that has a key, by an empty secret': async (workshop) =>
      ask(workshop, credentials, basicOf((await signing(workshop)).client.id, '')),
    'a client that has a key, by a made-up secret': async (workshop) =>
      ask(workshop, credentials, basicOf((await signing(workshop)).client.id, 'null')),
    'a public client, by a made-up secret': async (workshop) => {
      const { client } = await registerClient(workshop.owner, { grants: ['refresh_token'], authentication: 'none' });
      return ask(workshop, { grant_type: 'refresh_token', refresh_token: 'x' }, basicOf(client.id, 'x'));
    },
    'a client that nobody registered': (workshop) =>
      ask(workshop, credentials, basicOf(`client-${'0'.repeat(24)}`, 'kps_x')),
    'the name that sessions and keys have as their client': (workshop) =>
      ask(workshop, { ...credentials, client_id: 'keyport' }),
    'a client whose name is a query': (workshop) => ask(workshop, credentials, basicOf('{"$ne":null}', 'x')),
    'an API key in the place of a client': (workshop) =>
      ask(workshop, credentials, { authorization: `Bearer ${workshop.token()}` }),
    'a client that was deleted': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      await workshop.ask(workshop.owner.token, `/v1/clients/${client.id}`, undefined, 'DELETE');
      return ask(workshop, credentials, basicOf(client.id, secret));
    },
  }),
  ...refusedAs('400 invalid_request', 'RFC 6749 §2.3, §3.2', {
    'a secret in the header and another in the form': async (workshop) => {
      const [mine, other] = [await registerClient(workshop.owner), await registerClient(workshop.owner)];
      const form = { ...credentials, client_id: other.client.id, client_secret: other.secret };
      return ask(workshop, form, basicOf(mine.client.id, mine.secret));
    },
    'a secret in the header beside the name of another client': async (workshop) => {
      const [mine, other] = [await registerClient(workshop.owner), await registerClient(workshop.owner)];
      return ask(workshop, { ...credentials, client_id: other.client.id }, basicOf(mine.client.id, mine.secret));
    },
    'a secret and an assertion': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const assertion = await (await signing(workshop)).assertion({ aud: workshop.deployment });
      return assert(workshop, assertion, { client_id: client.id, client_secret: secret });
    },
    'two clients in one form': async (workshop) => {
      const [mine, other] = [await registerClient(workshop.owner), await registerClient(workshop.owner)];
      const named = ({ client, secret }: typeof mine) => `client_id=${client.id}&client_secret=${secret}`;
      return ask(workshop, `grant_type=client_credentials&${named(mine)}&${named(other)}`);
    },
    'a secret in the address': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const path = `/oauth/token?client_id=${client.id}&client_secret=${secret}`;
      return sendForm(workshop.owner, path, credentials);
    },
  }),
];

const grants: OAuthAttack[] = [
  ...refusedAs('400 invalid_scope', 'RFC 6749 §3.3, §6; CWE-269', {
    'a client asks for everything': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      return ask(workshop, { ...credentials, scope: '*' }, basicOf(client.id, secret));
    },
    'a client asks for a dataset more': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const scope = 'records:read:orders records:read:invoices';
      return ask(workshop, { ...credentials, scope }, basicOf(client.id, secret));
    },
    'a client asks for what it had before it was lowered': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      await workshop.ask(workshop.owner.token, `/v1/clients/${client.id}`, { scopes: [] }, 'PATCH');
      return ask(workshop, { ...credentials, scope: 'records:read:orders' }, basicOf(client.id, secret));
    },
    'a sign-in is refreshed for more than its user may': async (workshop) => {
      const { refreshToken } = await workshop.member('keys:read');
      return ask(workshop, { grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'keys:*' });
    },
  }),
  ...refusedAs('400 unauthorized_client', 'RFC 6749 §5.2', {
    'a grant that the client is not registered for': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner, { grants: ['refresh_token'] });
      return ask(workshop, credentials, basicOf(client.id, secret));
    },
  }),
  ...refusedAs('400 invalid_grant', 'RFC 6749 §6, §10.4; RFC 9700 §4.14.2', {
    'a refresh token that was given to somebody else, by a client': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner, { grants: ['refresh_token'] });
      const { refreshToken } = await workshop.member('keys:read');
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
      return ask(workshop, form, basicOf(client.id, secret));
    },
    'a refresh token used twice at the token endpoint': async (workshop) => {
      const { refreshToken } = await workshop.member('keys:read');
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
      await ask(workshop, form);
      return ask(workshop, form);
    },
    'a refresh token used at the token endpoint after it was used elsewhere': async (workshop) => {
      const { refreshToken } = await workshop.member('keys:read');
      await workshop.ask(undefined, '/v1/auth/refresh', { refreshToken });
      return ask(workshop, { grant_type: 'refresh_token', refresh_token: refreshToken });
    },
    'an access token in the place of a refresh token, at the token endpoint': (workshop) =>
      ask(workshop, { grant_type: 'refresh_token', refresh_token: workshop.token().slice(0, 1_000) }),
  }),
];

const looking: OAuthAttack[] = [
  ...refusedAs('401 invalid_client', 'RFC 7662 §2.1, §4', {
    'an introspection by nobody': ({ owner, victim }) =>
      sendForm(owner, '/oauth/introspect', { token: victim.token ?? '' }),
    'an introspection by a public client': async ({ owner, victim }) => {
      const { client } = await registerClient(owner, { grants: [], authentication: 'none' });
      return sendForm(owner, '/oauth/introspect', { token: victim.token ?? '', client_id: client.id });
    },
    'an introspection with a wrong secret': async ({ owner, victim }) => {
      const { client } = await registerClient(owner);
      return sendForm(owner, '/oauth/introspect', { token: victim.token ?? '' }, basicOf(client.id, 'kps_x'));
    },
  }),
  ...refusedAs('403 insufficient_scope', 'RFC 7662 §2.1, §4', {
    'an introspection with a token that has no right to it': ({ owner, victim }) =>
      sendForm(owner, '/oauth/introspect', { token: owner.token ?? '' }, { authorization: `Bearer ${victim.token}` }),
  }),
  ...refusedAs('401 invalid_token', 'RFC 7662 §2.1, §4', {
    'an introspection with a forged token': (workshop) =>
      sendForm(
        workshop.owner,
        '/oauth/introspect',
        { token: workshop.token() },
        { authorization: `Bearer ${workshop.token({ kid: 'keyport-made-up' })}` },
      ),
  }),
  ...refusedAs('400 invalid_request', 'RFC 6749 §2.3; RFC 7662 §2.1', {
    'an introspection with a token and a secret': async ({ owner, victim }) => {
      const { client, secret } = await registerClient(owner);
      const form = { token: victim.token ?? '', client_id: client.id, client_secret: secret };
      return sendForm(owner, '/oauth/introspect', form, { authorization: `Bearer ${owner.token}` });
    },
  }),
  ...refusedAs('400 invalid_grant', 'RFC 7009 §2.1; CWE-639', {
    "a client ends another client's token": async (workshop) => {
      const [mine, other] = [await registerClient(workshop.owner), await registerClient(workshop.owner)];
      const { body } = await ask(workshop, credentials, basicOf(other.client.id, other.secret));
      const form = { token: String(body['access_token']) };
      return sendForm(workshop.owner, '/oauth/revoke', form, basicOf(mine.client.id, mine.secret));
    },
    "a client ends a person's refresh token": async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const { refreshToken } = await workshop.member();
      return sendForm(workshop.owner, '/oauth/revoke', { token: refreshToken }, basicOf(client.id, secret));
    },
  }),
];

export const clientAuthenticationAttacks: readonly OAuthAttack[] = [...assertions, ...secrets];
export const clientGrantAttacks: readonly OAuthAttack[] = [...grants, ...looking];
