import { es256, hmac, rs256 } from '@keyport/testing';
import { answeredBy, refusedBy, type HttpAttack, type TokenAttack } from '../attack.ts';
import type { SelfIssuer } from '../self-issuer.ts';
import { selfIssuedSeconds } from '../self-issuer.ts';
import type { Workshop } from '../workshop.ts';

type Changes = (workshop: Workshop, self: SelfIssuer) => Readonly<Record<string, unknown>>;

const now = () => Math.floor(Date.now() / 1000);

/** Good self-issued tokens but for these claims. */
const claiming = (changes: Readonly<Record<string, Changes>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([name, claims]) => [
      name,
      async (workshop: Workshop) => {
        const self = await workshop.selfIssuer('Ed25519');
        return self.token({}, claims(workshop, self));
      },
    ]),
  );

const posing = 'RFC 8725 §2.7, §3.8; RFC 9068 §4';

export const selfIssuedTokens: readonly TokenAttack[] = [
  ...refusedBy(
    'issuer',
    posing,
    claiming({
      'self-issued in the name of the deployment': ({ deployment }) => ({ iss: deployment }),
      'self-issued in the name of another public key': (_workshop, { registered }) => ({
        iss: `${registered.issuer}0`,
      }),
      'self-issued with a slash behind its issuer': (_workshop, { registered }) => ({ iss: `${registered.issuer}/` }),
      'self-issued in the name of another user': () => ({ sub: '000000000000000000000001' }),
      'self-issued in the name of a service': () => ({ sub: 'service:import' }),
    }),
  ),
  ...refusedBy('signature', posing, {
    'self-issued under the kid of the deployment': async (workshop) => {
      const self = await workshop.selfIssuer('P-256');
      return workshop.token({}, {}, self.sign);
    },
  }),
  ...refusedBy('issuer', posing, {
    'claims of a self-issuer, signed by the deployment': async (workshop) => {
      const { registered } = await workshop.selfIssuer('P-256');
      return workshop.token({}, { iss: registered.issuer, sub: registered.subject });
    },
  }),
  ...refusedBy('key', 'RFC 8725 §3.3; RFC 7515 §4.1.4', {
    'self-issued and signed by a key that is not registered': async (workshop) => {
      const self = await workshop.selfIssuer('P-256');
      return self.token({}, {}, es256(workshop.foreign.privateKey));
    },
    'self-issued under the kid of another public key': async (workshop) => {
      const [self, other] = [await workshop.selfIssuer('Ed25519'), await workshop.selfIssuer('P-256')];
      return self.token({ kid: other.registered.kid, alg: 'ES256' });
    },
    'self-issued with the algorithm of another kind of key': async (workshop) =>
      (await workshop.selfIssuer('Ed25519')).token({ alg: 'ES256' }),
    'self-issued with another algorithm than the key is registered for': async (workshop) => {
      const self = await workshop.selfIssuer('RSA');
      return self.token({ alg: 'RS256' }, {}, rs256(self.privateKey));
    },
  }),
  ...refusedBy('algorithm', 'RFC 8725 §2.1, §3.1; CVE-2016-10555, CVE-2022-29217', {
    'self-issued with HS256 and the RSA key (PEM) as its secret': async (workshop) => {
      const self = await workshop.selfIssuer('RSA');
      return self.token({ alg: 'HS256' }, {}, hmac(self.publicKey.export({ type: 'spki', format: 'pem' })));
    },
    'self-issued with HS256 and the RSA key (PKCS #1) as its secret': async (workshop) => {
      const self = await workshop.selfIssuer('RSA');
      return self.token({ alg: 'HS256' }, {}, hmac(self.publicKey.export({ type: 'pkcs1', format: 'pem' })));
    },
    'self-issued with alg none': async (workshop) => (await workshop.selfIssuer('RSA')).token({ alg: 'none' }),
  }),
  ...refusedBy(
    'time',
    'RFC 8725 §3.10; RFC 9700 §2.2',
    claiming({
      'self-issued for longer than its key may': () => ({ iat: now(), exp: now() + selfIssuedSeconds + 1 }),
      'self-issued in the future': () => ({ iat: now() + 60, exp: now() + 120 }),
      'self-issued and expired': () => ({ iat: now() - 120, exp: now() - 60 }),
    }),
  ),
  ...refusedBy(
    'claims',
    'RFC 8725 §3.10',
    claiming({
      'self-issued with the id of an API key': ({ victim }) => ({ key: victim.keyId }),
      'self-issued with ancestors': () => ({ anc: ['parent'] }),
      'self-issued with the id of a session': () => ({ sid: 'session' }),
    }),
  ),
  ...refusedBy(
    'audience',
    'RFC 8725 §3.9',
    claiming({
      'self-issued for its own issuer': (_workshop, { registered }) => ({ aud: registered.issuer }),
      'self-issued for another deployment': () => ({ aud: 'https://keyport.other.example' }),
    }),
  ),
  ...refusedBy('type', 'RFC 8725 §3.11', {
    'self-issued caller context': async (workshop) =>
      (await workshop.selfIssuer('Ed25519')).token({ typ: 'keyport-context+jwt' }, { aud: 'keyport-bus' }),
    'self-issued job grant': async (workshop) =>
      (await workshop.selfIssuer('Ed25519')).token({ typ: 'keyport-grant+jwt' }, { aud: 'keyport-bus', src: 'x' }),
  }),
  ...refusedBy('header', 'RFC 8725 §3.10; CVE-2018-0114', {
    'self-issued with a jku that leads to the loopback': async (workshop) =>
      (await workshop.selfIssuer('Ed25519')).token({ jku: `${workshop.listener.url}/jwks.json` }),
  }),
];

/** Self-issued tokens that are good, and ask for more than their key may. */
export const selfIssuedRights: readonly HttpAttack[] = [
  ...answeredBy('403 INSUFFICIENT_SCOPE', 'RFC 8725 §3.10; RFC 6749 §3.3', {
    'self-issued with everything as scope': async (workshop) =>
      workshop.ask((await workshop.selfIssuer('Ed25519')).token({}, { scope: '*' }), '/v1/keys'),
    'self-issued for a dataset above its ceiling': async (workshop) => {
      const token = (await workshop.selfIssuer('Ed25519')).token({}, { scope: 'records:read:*' });
      return workshop.ask(token, '/v1/datasets/invoices/records');
    },
    'self-issued with less than its ceiling': async (workshop) => {
      const token = (await workshop.selfIssuer('Ed25519')).token({}, { scope: 'datasets:read:orders' });
      return workshop.ask(token, '/v1/datasets/orders/records');
    },
  }),
  ...answeredBy('401 TOKEN_REVOKED', 'RFC 7009 §2.1; RFC 8725 §3.10', {
    'self-issued after its public key was revoked': async (workshop) => {
      const self = await workshop.newSelfIssuer('P-256');
      const token = self.token();
      await workshop.ask(token);
      await workshop.ask(workshop.owner.token, `/v1/public-keys/${self.registered.id}`, undefined, 'DELETE');
      return workshop.refusalOf(token);
    },
  }),
];
