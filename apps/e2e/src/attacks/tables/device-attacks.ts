import { DpopKey, type KeyportClient } from '@keyport/testing';
import { registerClient, sendForm } from '../../oauth-client.ts';
import { answeredBy, refusedAs, type HttpAttack, type OAuthAttack, type OAuthReply } from '../attack.ts';
import type { Member, Workshop } from '../workshop.ts';

const whoApproves = 'RFC 8628 §3.3, §5.4';
const codes = 'RFC 8628 §3.5, §5.1, §5.2';
const twice = 'RFC 8628 §3.5; RFC 6749 §4.1.2';
const crossSite = 'RFC 8628 §5.4; CWE-352; RFC 6749 §10.12';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

interface Asked {
  readonly device_code: string;
  readonly user_code: string;
}

/** A client of the deployment that devices use. */
async function deviceClient({ owner }: Workshop, grants = [deviceGrant, 'refresh_token']): Promise<string> {
  const wanted = { name: 'Screen', authentication: 'none', grants, scopes: ['records:read:orders', 'keys:create'] };
  return (await registerClient(owner, wanted)).client.id;
}

const codesFor = async ({ owner }: Workshop, clientId: string): Promise<Asked> =>
  (await sendForm(owner, '/oauth/device_authorization', { client_id: clientId })).body as unknown as Asked;

const poll = (
  { owner }: Workshop,
  clientId: string,
  { device_code }: Pick<Asked, 'device_code'>,
  headers: Record<string, string> = {},
): Promise<OAuthReply> =>
  sendForm(owner, '/oauth/token', { client_id: clientId, grant_type: deviceGrant, device_code }, headers);

const decide = (client: KeyportClient, userCode: string, approve = true) =>
  client.request('/v1/auth/device', { method: 'POST', json: { userCode, approve } });

/** A device that waits, and a person who could let it in. */
async function scene(workshop: Workshop) {
  const clientId = await deviceClient(workshop);
  const person = await workshop.member('records:read:orders', 'keys:*');
  return { clientId, person, asked: await codesFor(workshop, clientId) };
}

/** What a request to approve is answered that somebody else than a person makes. */
const approvedBy =
  (who: (workshop: Workshop, person: Member) => Promise<KeyportClient> | KeyportClient) =>
  async (workshop: Workshop) => {
    const { person, asked } = await scene(workshop);
    return decide(await who(workshop, person), asked.user_code);
  };

const wrongApprovers: HttpAttack[] = [
  ...answeredBy('403 SESSION_NEEDED', whoApproves, {
    'a code approved with a key of all rights': approvedBy(({ owner }) => owner),
    'a code approved with a key that a person made': approvedBy(async (_workshop, person) =>
      person.client.minted('keys:create'),
    ),
    'a code approved by a device that a person let in': approvedBy(async (workshop, person) => {
      const { token } = await letIn(workshop, person);
      return workshop.owner.with(token);
    }),
    'a code looked at with a key': async (workshop) => {
      const { asked } = await scene(workshop);
      return workshop.owner.request(`/v1/auth/device?userCode=${asked.user_code}`);
    },
    'sign-ins listed with a key': ({ owner }) => owner.request('/v1/auth/sessions'),
    'sign-ins listed by a device': async (workshop) => {
      const { token } = await letIn(workshop, await workshop.member('records:read:orders'));
      return workshop.owner.with(token).request('/v1/auth/sessions');
    },
    'a key made by a device, which would outlive it': async (workshop) => {
      const { token } = await letIn(workshop, await workshop.member('records:read:orders', 'keys:*'));
      return workshop.ask(token, '/v1/keys', { name: 'x', scopes: ['records:read:orders'] });
    },
  }),
  ...answeredBy('401 TOKEN_MISSING', crossSite, {
    'a code approved without a token': async (workshop) => {
      const { asked } = await scene(workshop);
      return decide(workshop.owner.with(undefined), asked.user_code);
    },
  }),
  ...answeredBy('415 UNSUPPORTED_MEDIA_TYPE', crossSite, {
    'a code approved by a form of another site, with every cookie that there could be': async (workshop) => {
      const { asked, person } = await scene(workshop);
      return workshop.owner.with(undefined).request('/v1/auth/device', {
        method: 'POST',
        headers: {
          'content-type': 'text/plain',
          origin: 'https://evil.example',
          cookie: `token=${person.accessToken}; access_token=${person.accessToken}; session=${person.refreshToken}`,
        },
        body: JSON.stringify({ userCode: asked.user_code, approve: true }),
      });
    },
  }),
  ...answeredBy('403 SCOPE_NOT_HELD', 'RFC 8628 §5.4; CWE-269', {
    'a person lets a device do what they may not': async (workshop) => {
      const { asked } = await scene(workshop);
      const nobody = await workshop.member('audit:read');
      return decide(nobody.client, asked.user_code);
    },
  }),
  ...answeredBy('404 SESSION_NOT_FOUND', 'CWE-639', {
    "another person's sign-in ended": async (workshop) => {
      const [one, other] = [await workshop.member(), await workshop.member()];
      const { items } = await one.client.ok<{ items: { id: string }[] }>('/v1/auth/sessions');
      return other.client.request(`/v1/auth/sessions/${items[0]?.id}`, { method: 'DELETE' });
    },
  }),
];

const wrongCodes: HttpAttack[] = [
  ...answeredBy('404 DEVICE_CODE_NOT_FOUND', codes, {
    'a guessed code': async (workshop) => decide((await workshop.member()).client, 'BCDF-GHJK'),
    'a code approved twice': async (workshop) => {
      const { person, asked } = await scene(workshop);
      await decide(person.client, asked.user_code);
      return decide(person.client, asked.user_code);
    },
    'a code approved that was refused': async (workshop) => {
      const { person, asked } = await scene(workshop);
      await decide(person.client, asked.user_code, false);
      return decide(person.client, asked.user_code);
    },
    'the device code for the user code': async (workshop) => {
      const { person, asked } = await scene(workshop);
      return decide(person.client, asked.device_code);
    },
    'a code of a client that was deleted meanwhile': async (workshop) => {
      const { person, asked, clientId } = await scene(workshop);
      await workshop.owner.request(`/v1/clients/${clientId}`, { method: 'DELETE' });
      return decide(person.client, asked.user_code);
    },
    'a query for MongoDB in the place of a code': async (workshop) =>
      decide((await workshop.member()).client, '{"$ne":null}'),
  }),
  ...answeredBy('429 DEVICE_CODE_THROTTLED', codes, {
    'eleven guesses of one person': async (workshop) => {
      const { client } = await workshop.member();
      for (const letter of 'BCDFGHJKLM') await decide(client, `BCDF-GHJ${letter}`);
      return decide(client, 'BCDF-GHJN');
    },
    'a good code after ten guesses': async (workshop) => {
      const { person, asked } = await scene(workshop);
      for (const letter of 'BCDFGHJKLM') await decide(person.client, `ZZZZ-ZZZ${letter}`);
      return decide(person.client, asked.user_code);
    },
  }),
];

export const deviceAttacks: readonly HttpAttack[] = [...wrongApprovers, ...wrongCodes];

/** A code that a person allowed, and the client that it was given to. */
async function allowed(workshop: Workshop) {
  const { person, clientId, asked } = await scene(workshop);
  await decide(person.client, asked.user_code);
  return { person, clientId, asked };
}

const tokenEndpoint = ({ deployment }: Workshop) => ({ method: 'POST', url: `${deployment}/oauth/token` });

/** A poll with this proof for a code that was allowed: it must not be used up by it. */
const polledWith = (proof: (workshop: Workshop, key: DpopKey) => string) => async (workshop: Workshop) => {
  const { clientId, asked } = await allowed(workshop);
  return poll(workshop, clientId, asked, { dpop: proof(workshop, new DpopKey()) });
};

export const deviceGrantAttacks: readonly OAuthAttack[] = [
  ...refusedAs('400 slow_down', codes, {
    'polling without a pause': async (workshop) => {
      const { clientId, asked } = await scene(workshop);
      await poll(workshop, clientId, asked);
      return poll(workshop, clientId, asked);
    },
  }),
  ...refusedAs('400 authorization_pending', codes, {
    'tokens fetched before anybody allowed it': async (workshop) => {
      const { clientId, asked } = await scene(workshop);
      return poll(workshop, clientId, asked);
    },
  }),
  ...refusedAs('400 access_denied', codes, {
    'tokens fetched after somebody refused it': async (workshop) => {
      const { clientId, asked, person } = await scene(workshop);
      await decide(person.client, asked.user_code, false);
      return poll(workshop, clientId, asked);
    },
  }),
  ...refusedAs('400 invalid_grant', twice, {
    'a device code used twice': async (workshop) => {
      const { clientId, asked } = await allowed(workshop);
      await poll(workshop, clientId, asked);
      return poll(workshop, clientId, asked);
    },
    "a device code of another client's": async (workshop) => {
      const { asked } = await allowed(workshop);
      return poll(workshop, await deviceClient(workshop), asked);
    },
    'the user code for the device code': async (workshop) => {
      const { clientId, asked } = await allowed(workshop);
      return poll(workshop, clientId, { device_code: asked.user_code });
    },
    'a guessed device code': async (workshop) =>
      poll(workshop, await deviceClient(workshop), { device_code: `kpd_${'A'.repeat(43)}` }),
    'a refresh token that is bound to a key, used without it': async (workshop) => {
      const { clientId, refreshToken } = await boundDevice(workshop);
      return refresh(workshop, clientId, refreshToken);
    },
    'a refresh token that is bound to a key, used with another': async (workshop) => {
      const { clientId, refreshToken } = await boundDevice(workshop);
      const dpop = new DpopKey().proof(tokenEndpoint(workshop));
      return refresh(workshop, clientId, refreshToken, { dpop });
    },
  }),
  ...refusedAs('400 invalid_dpop_proof', 'RFC 9449 §5, §4.3', {
    'a proof for the API at the token endpoint': polledWith((workshop, key) =>
      key.proof({ url: `${workshop.deployment}/v1/auth/me` }),
    ),
    'a proof from the future at the token endpoint': polledWith((workshop, key) =>
      key.proof(tokenEndpoint(workshop), { iat: Math.floor(Date.now() / 1000) + 60 }),
    ),
    'a proof with its private key at the token endpoint': polledWith((workshop, key) =>
      key.proof(tokenEndpoint(workshop), {}, { jwk: key.privateJwk }),
    ),
    'a proof that is no proof at the token endpoint': polledWith(() => 'nonsense'),
    'a proof shown twice at the token endpoint': async (workshop) => {
      const { clientId, asked } = await scene(workshop);
      const dpop = new DpopKey().proof(tokenEndpoint(workshop));
      await poll(workshop, clientId, asked, { dpop });
      return poll(workshop, clientId, asked, { dpop });
    },
  }),
];

const refresh = ({ owner }: Workshop, clientId: string, token: string, headers: Record<string, string> = {}) =>
  sendForm(owner, '/oauth/token', { client_id: clientId, grant_type: 'refresh_token', refresh_token: token }, headers);

/** A device whose tokens are bound to its key. */
async function boundDevice(workshop: Workshop) {
  const { clientId, asked } = await allowed(workshop);
  const { body } = await poll(workshop, clientId, asked, { dpop: new DpopKey().proof(tokenEndpoint(workshop)) });
  return { clientId, refreshToken: String(body.refresh_token) };
}

/** A device that a person let in, with its tokens. */
async function letIn(workshop: Workshop, person: Member) {
  const clientId = await deviceClient(workshop);
  const asked = await codesFor(workshop, clientId);
  await decide(person.client, asked.user_code);
  const { body } = await poll(workshop, clientId, asked);
  return { token: String(body.access_token) };
}
