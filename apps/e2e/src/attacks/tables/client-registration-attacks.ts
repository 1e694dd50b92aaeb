import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exchange } from '../../issuing.ts';
import { registerClient } from '../../oauth-client.ts';
import { answeredBy, type HttpAttack } from '../attack.ts';
import { OtherIssuer } from '../other-issuer.ts';
import type { Workshop } from '../workshop.ts';

const wanted = { name: 'mine', grants: ['client_credentials'], scopes: ['records:read:orders'] };

const register = ({ owner }: Workshop, more: object, token = owner.token) =>
  owner.with(token).request('/v1/clients', { method: 'POST', json: { ...wanted, ...more } });
const registerKey = (workshop: Workshop, key: object) => register(workshop, { jwks: { keys: [key] } });
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });

/** Somebody with these scopes beside those on clients. */
const holding = ({ owner }: Workshop, ...scopes: string[]) => owner.minted('clients:*', ...scopes);

/** A token of another issuer that may register clients, and has what they are given. */
async function ofOtherIssuer(workshop: Workshop): Promise<string> {
  const issuer = await OtherIssuer.registeredIn(workshop, 'clients:*');
  return issuer.token({}, { groups: ['data', 'more'] });
}

export const clientRegistrationAttacks: readonly HttpAttack[] = [
  ...answeredBy('403 SCOPE_NOT_HELD', 'CWE-269; OWASP API5:2023', {
    'a client with more than who registers it has': async (workshop) =>
      register(workshop, { scopes: ['records:read:*'] }, (await holding(workshop, 'records:read:orders')).token),
    'a client with everything': async (workshop) =>
      register(workshop, { scopes: ['*'] }, (await holding(workshop, 'records:*:*')).token),
    'a client given more than who changes it has': async (workshop) => {
      const { client } = await registerClient(workshop.owner, { scopes: [] });
      const { token } = await holding(workshop);
      return workshop.ask(token, `/v1/clients/${client.id}`, { scopes: ['records:read:orders'] }, 'PATCH');
    },
    'a client that sees all rows, by a token that sees some': async (workshop) => {
      const { token } = await workshop.owner.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: {
          ...{ name: 'some rows', scopes: ['clients:*', 'records:read:orders'] },
          authorizationDetails: [
            { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], filter: { region: 'eu' } },
          ],
        },
      });
      return register(workshop, {}, token);
    },
  }),
  ...answeredBy('403 INSUFFICIENT_SCOPE', 'CWE-862; OWASP API5:2023', {
    'a client registered without the right to': (workshop) => register(workshop, {}, workshop.victim.token),
    'a client deleted without the right to': async (workshop) => {
      const { client } = await registerClient(workshop.owner);
      return workshop.ask(workshop.victim.token, `/v1/clients/${client.id}`, undefined, 'DELETE');
    },
  }),
  ...answeredBy('403 TOKEN_EXCHANGED', 'RFC 8693 §5; CWE-269; OWASP API5:2023', {
    "a client registered by another issuer's token, trusted as it is": async (workshop) =>
      register(workshop, {}, await ofOtherIssuer(workshop)),
    "a client given a right by another issuer's token, trusted as it is": async (workshop) => {
      const { client } = await registerClient(workshop.owner, { scopes: [] });
      const json = { scopes: ['records:read:orders'] };
      return workshop.ask(await ofOtherIssuer(workshop), `/v1/clients/${client.id}`, json, 'PATCH');
    },
    "a client registered by a token that was exchanged for another issuer's": async (workshop) => {
      const { status, access_token: token } = await exchange(workshop.owner, await ofOtherIssuer(workshop));
      if (status !== 200) throw new Error(`the exchange was answered with ${status}`);
      return register(workshop, {}, token);
    },
  }),
  ...answeredBy('422 PUBLIC_KEY_INVALID', 'RFC 7517 §9.2; RFC 8725 §3.2, §3.5', {
    "a client's private key": (workshop) =>
      registerKey(workshop, jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
    "a secret as a client's key": (workshop) => registerKey(workshop, { kty: 'oct', k: 'c2VjcmV0' }),
    "an RSA key of 1024 bits as a client's": (workshop) =>
      registerKey(workshop, jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)),
    "a client's key on another curve": (workshop) =>
      registerKey(workshop, jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)),
    'two keys of a client under one id': (workshop) => {
      const key = () => ({ ...jwkOf(generateKeyPairSync('ed25519').publicKey), kid: 'one' });
      return register(workshop, { jwks: { keys: [key(), key()] } });
    },
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'RFC 6749 §4.4, §2.1', {
    'a public client with rights of its own': (workshop) => register(workshop, { authentication: 'none' }),
    'a client that has a key and a secret': (workshop) =>
      register(workshop, {
        authentication: 'client_secret',
        jwks: { keys: [jwkOf(generateKeyPairSync('ed25519').publicKey)] },
      }),
    'a client whose keys lie at an address': (workshop) =>
      register(workshop, { jwks_uri: `${workshop.listener.url}/keys` }),
  }),
];
