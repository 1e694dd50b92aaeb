import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyportClient, Reply } from '@keyport/testing';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const escalation = 'RFC 8693 §1.1; OWASP API5:2023; CWE-269';

const mint = (client: KeyportClient, json: Readonly<Record<string, unknown>>): Promise<Reply> =>
  client.request('/v1/keys', { method: 'POST', json: { name: 'child', ...json } });

/** The victim mints keys and reads orders. */
const mintsMore =
  (json: Readonly<Record<string, unknown>>) =>
  ({ victim }: Workshop) =>
    mint(victim, json);

const scopes: HttpAttack[] = answeredBy('403 SCOPE_NOT_HELD', escalation, {
  'a key mints a scope that it does not have': mintsMore({ scopes: ['records:delete:orders'] }),
  'a key mints everything': mintsMore({ scopes: ['*'] }),
  'a key mints all actions where it has one': mintsMore({ scopes: ['records:*:orders'] }),
  'a key mints a wider pattern': mintsMore({ scopes: ['records:read:orders*'] }),
  'a key mints every dataset': mintsMore({ scopes: ['records:read:*'] }),
  'a key mints another dataset': mintsMore({ scopes: ['records:read:invoices'] }),
  'a key mints one scope too many among good ones': mintsMore({ scopes: ['records:read:orders', 'users:read'] }),
});

const details = (datasets: string[], more: Record<string, unknown> = {}) => [
  { type: 'keyport_dataset', datasets, actions: ['records:read'], ...more },
];
/** A key that reads both datasets, narrowed to the rows of one region and two fields of orders. */
async function narrowed({ owner }: Workshop): Promise<KeyportClient> {
  const { token } = await owner.ok<{ token: string }>('/v1/keys', {
    method: 'POST',
    json: {
      name: 'narrowed',
      scopes: ['keys:create', 'public-keys:create', 'users:create', 'datasets:delete:*', 'records:read:*'],
      authorizationDetails: details(['orders'], { filter: { region: 'eu' }, fields: ['a', 'region'] }),
    },
  });
  return owner.with(token);
}

const rows: HttpAttack[] = [
  ...answeredBy('403 SCOPE_NOT_HELD', 'RFC 9396 §7; CWE-863', {
    'a narrowed key mints details of another dataset': async (workshop) =>
      mint(await narrowed(workshop), { scopes: ['records:read:*'], authorizationDetails: details(['invoices']) }),
    'a narrowed key mints details with another field': async (workshop) =>
      mint(await narrowed(workshop), {
        scopes: ['records:read:orders'],
        authorizationDetails: details(['orders'], { fields: ['secret'] }),
      }),
    'a narrowed key registers a public key, which no details narrow': async (workshop) => {
      const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      const json = { name: 'wide', jwk, scopes: ['records:read:orders'] };
      return (await narrowed(workshop)).request('/v1/public-keys', { method: 'POST', json });
    },
    'a narrowed key makes a user, whom no details narrow': async (workshop) => {
      const json = { email: `${randomUUID()}@example.com`, role: 'member', scopes: ['records:read:orders'] };
      return (await narrowed(workshop)).request('/v1/users', { method: 'POST', json });
    },
  }),
  ...answeredBy('403 INSUFFICIENT_SCOPE', 'RFC 9396 §7; CWE-863', {
    'a narrowed key deletes the dataset that it may read some rows of': async (workshop) =>
      (await narrowed(workshop)).request('/v1/datasets/orders', { method: 'DELETE' }),
    'a narrowed key streams a dataset that its details do not name': async (workshop) =>
      (await narrowed(workshop)).request('/v1/datasets/invoices/records'),
    'a narrowed key mints one without details, and reads elsewhere': async (workshop) => {
      const parent = await narrowed(workshop);
      const { token } = await parent.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: { name: 'child', scopes: ['records:read:*'] },
      });
      return workshop.ask(token, '/v1/datasets/invoices/records');
    },
  }),
];

async function chainOf({ owner }: Workshop, length: number): Promise<KeyportClient> {
  let last: KeyportClient = owner;
  for (let link = 0; link < length; link += 1) last = await last.minted('keys:create');
  return last;
}

const lives: HttpAttack[] = [
  ...answeredBy('422 KEY_LIFETIME_TOO_LONG', 'RFC 9700 §2.2', {
    'a key that lives for longer than the policy allows': ({ owner }) =>
      mint(owner, { scopes: ['keys:read'], expiresInSeconds: 1_000_000_000 }),
  }),
  ...answeredBy('422 KEY_EXPIRY_NEEDED', 'RFC 9700 §2.2', {
    'a key without an end where the policy wants one': ({ owner }) =>
      mint(owner, { scopes: ['keys:read'], expiresInSeconds: 'never' }),
  }),
  ...answeredBy('422 KEY_CHAIN_TOO_LONG', 'RFC 8693 §4.1', {
    'a chain of keys that outgrows its list of ancestors': async (workshop) => {
      // The owner's token may be a key itself: then its chain is one shorter.
      const last = await chainOf(workshop, 4);
      const fifth = await mint(last, { scopes: ['keys:create'] });
      if (fifth.status === 422) return fifth;
      return mint(workshop.owner.with((fifth.body as { token: string }).token), { scopes: ['keys:create'] });
    },
  }),
  ...answeredBy('401 TOKEN_REVOKED', 'RFC 7009 §2.1; RFC 8693 §4.1', {
    'the last key of a chain, once the first was revoked': async (workshop) => {
      const first = await workshop.owner.minted('keys:create');
      const second = await first.minted('keys:create');
      const third = await second.minted('keys:create');
      await workshop.owner.request(`/v1/keys/${first.keyId}`, { method: 'DELETE' });
      return workshop.refusalOf(third.token);
    },
    'the token of a key from before a rotation without grace': async (workshop) => {
      const key = await workshop.owner.minted('keys:read');
      await workshop.owner.ok(`/v1/keys/${key.keyId}/rotate`, { method: 'POST', json: { graceSeconds: 0 } });
      return workshop.refusalOf(key.token);
    },
    'the token of a key in its grace, once the key was revoked': async (workshop) => {
      const key = await workshop.owner.minted('keys:read');
      await workshop.owner.ok(`/v1/keys/${key.keyId}/rotate`, { method: 'POST', json: { graceSeconds: 3600 } });
      await workshop.owner.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
      return workshop.refusalOf(key.token);
    },
  }),
];

export const mintingAttacks: readonly HttpAttack[] = [...scopes, ...rows, ...lives];
