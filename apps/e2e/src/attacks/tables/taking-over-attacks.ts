import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyportClient } from '@keyport/testing';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const escalation = 'OWASP API5:2023; CWE-269';

type Key = KeyportClient & { readonly keyId: string };

const patch = (client: KeyportClient, path: string, json: unknown) => client.request(path, { method: 'PATCH', json });

/** Two keys of one person: what the weak one may not do by means of the strong one. */
async function weakAndStrong({ owner }: Workshop): Promise<{ weak: Key; strong: Key }> {
  return {
    weak: await owner.minted('keys:update', 'keys:read', 'records:read:orders'),
    strong: await owner.minted('*'),
  };
}

export const takingOverAttacks: readonly HttpAttack[] = [
  ...answeredBy('403 SCOPE_NOT_HELD', escalation, {
    'a key raises its own ceiling above its token': async (workshop) => {
      const { weak } = await weakAndStrong(workshop);
      return patch(weak, `/v1/keys/${weak.keyId}`, { scopes: ['*'] });
    },
    'a key raises a ceiling that was lowered above what it has': async (workshop) => {
      const { weak, strong } = await weakAndStrong(workshop);
      await patch(workshop.owner, `/v1/keys/${strong.keyId}`, { scopes: ['keys:read'] });
      return patch(weak, `/v1/keys/${strong.keyId}`, { scopes: ['users:update'] });
    },
    'a public key is registered with more than its maker has': async ({ owner }) => {
      const maker = await owner.minted('public-keys:create', 'records:read:orders');
      const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      return maker.request('/v1/public-keys', { method: 'POST', json: { name: 'more', jwk, scopes: ['*'] } });
    },
    'a key that may make users makes an owner': async ({ owner }) => {
      const maker = await owner.minted('users:create');
      return maker.request('/v1/users', {
        method: 'POST',
        json: { email: `${randomUUID()}@example.com`, role: 'owner' },
      });
    },
    'a key that may make users makes a member with more': async ({ owner }) => {
      const maker = await owner.minted('users:create', 'keys:read');
      return maker.request('/v1/users', {
        method: 'POST',
        json: { email: `${randomUUID()}@example.com`, role: 'member', scopes: ['keys:read', 'records:read:*'] },
      });
    },
    'a member who may change users promotes themself': async (workshop) => {
      const member = await workshop.member('users:update', 'users:read');
      return patch(member.client, `/v1/users/${member.id}`, { role: 'admin' });
    },
    'a member who may change users gives themself more': async (workshop) => {
      const member = await workshop.member('users:update', 'users:read');
      return patch(member.client, `/v1/users/${member.id}`, { scopes: ['*'] });
    },
  }),
  ...answeredBy('403 SESSION_NEEDED', escalation, {
    'a key takes the token of a stronger one by rotating it': async (workshop) => {
      const { weak, strong } = await weakAndStrong(workshop);
      return weak.request(`/v1/keys/${strong.keyId}/rotate`, { method: 'POST', json: { graceSeconds: 0 } });
    },
  }),
  ...answeredBy('404 KEY_NOT_FOUND', 'OWASP API1:2023; CWE-639', {
    "a member reads another user's key": async (workshop) => {
      const { client } = await workshop.member('keys:*');
      return client.request(`/v1/keys/${workshop.victim.keyId}`);
    },
    "a member rotates another user's key": async (workshop) => {
      const { client } = await workshop.member('keys:*');
      return client.request(`/v1/keys/${workshop.victim.keyId}/rotate`, { method: 'POST', json: {} });
    },
    "an admin revokes an owner's key": async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request(`/v1/keys/${workshop.victim.keyId}`, { method: 'DELETE' });
    },
  }),
  ...answeredBy('403 SCOPE_NOT_HELD', escalation, {
    'an admin sets the password of an owner': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return patch(client, `/v1/users/${String(workshop.claims.sub)}`, { password: 'a password of mine' });
    },
    'an admin revokes all that an owner was given': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request('/v1/revocations', { method: 'POST', json: { sub: workshop.claims.sub } });
    },
    "an admin revokes an owner's token": async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request('/v1/revocations', { method: 'POST', json: { jti: workshop.claims.jti } });
    },
    'an admin revokes all tokens of the deployment': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request('/v1/revocations', { method: 'POST', json: { iss: workshop.deployment } });
    },
    'an admin revokes the signing key': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request('/v1/revocations', { method: 'POST', json: { kid: workshop.header.kid } });
    },
    'an admin demotes an owner': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return patch(client, `/v1/users/${String(workshop.claims.sub)}`, { role: 'member' });
    },
  }),
  ...answeredBy('403 INSUFFICIENT_SCOPE', escalation, {
    'an admin revokes the signing key by its own route': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request(`/v1/signing-keys/${String(workshop.header.kid)}`, { method: 'DELETE' });
    },
    'an admin rotates the signing keys': async (workshop) => {
      const { client } = await workshop.signedIn({ role: 'admin' });
      return client.request('/v1/signing-keys/rotate', { method: 'POST' });
    },
  }),
];
