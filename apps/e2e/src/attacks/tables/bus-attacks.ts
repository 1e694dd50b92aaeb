import { randomBytes } from 'node:crypto';
import { createGrant, getDataset, scanRecords, writeRecords } from '@keyport/contracts';
import { es256, eventually, withinASecond } from '@keyport/testing';
import { endedBy, type BusAttack } from '../attack.ts';
import { contextType, grantType, type Bus } from '../bus.ts';
import { OtherIssuer, otherIssuerKid } from '../other-issuer.ts';

const confused = 'RFC 8725 §2.8, §3.11; CWE-441';
const forgery = 'RFC 8725 §3.1, §3.3';
const times = 'RFC 7519 §4.1.4; CWE-294';
const borrowed = 'CWE-441; NIST SP 800-207 §2.1';

const now = () => Math.floor(Date.now() / 1000);
/** The clock is read once, so that no second less is between both. */
const lasting = (seconds: number, iat = now()) => ({ iat, exp: iat + seconds });
const readsOrders = { dataset: 'orders' };
const writesOrders = {
  ...{ dataset: 'orders', source: 'attack', sequence: 0, mode: 'insert' as const, key: [], hasOwnIds: false },
  ...{ documents: Buffer.alloc(0), count: 0 },
};
const freezes = { jobId: '00000000000000bb', dataset: 'orders', actions: ['records:read'] };

/** The scan that `export` may ask for. */
const scans = (bus: Bus, authority?: string) => bus.as('export').ask(scanRecords, readsOrders, authority);
const scanning = (authorities: Readonly<Record<string, (bus: Bus) => string | Promise<string>>>) =>
  Object.fromEntries(
    Object.entries(authorities).map(([name, make]) => [name, async (bus: Bus) => scans(bus, await make(bus))]),
  );

const withoutContext: BusAttack[] = endedBy('CONTEXT_INVALID presence', 'CWE-306; NIST SP 800-207 §2.1', {
  'a scan without a context': (bus) => scans(bus),
  'a scan with an empty context': (bus) => scans(bus, ''),
  'a write without a context': (bus) => bus.as('import').ask(writeRecords, writesOrders),
  'a dataset read without a context': (bus) => bus.as('export').ask(getDataset, { name: 'orders' }),
  'a grant asked for without a context': (bus) => bus.as('export').ask(createGrant, freezes),
});

const forged: BusAttack[] = [
  ...endedBy(
    'CONTEXT_INVALID key',
    forgery,
    scanning({
      'a context signed by a key that no gateway published': (bus) =>
        bus.context({}, { kid: 'gateway-of-mine' }, es256(bus.workshop.foreign.privateKey)),
      'a context signed by the key that tokens are signed with': (bus) =>
        bus.context({}, { kid: bus.workshop.header.kid }, bus.workshop.bySelf),
      'a context signed by a registered public key': async (bus) => {
        const self = await bus.workshop.selfIssuer('P-256');
        return bus.context({}, { kid: self.registered.kid }, self.sign);
      },
      'a grant signed by a gateway': (bus) => bus.context({ src: 'token', exp: now() + 3600 }, { typ: grantType }),
      'a grant that calls itself a context': (bus) => bus.grant({}, { typ: contextType }),
    }),
  ),
  ...endedBy(
    'CONTEXT_INVALID signature',
    forgery,
    scanning({
      'a context under the kid of a gateway, signed by another key': (bus) =>
        bus.context({}, {}, es256(bus.workshop.foreign.privateKey)),
    }),
  ),
  ...endedBy(
    'CONTEXT_INVALID algorithm',
    'RFC 8725 §2.1; CVE-2015-9235',
    scanning({ 'a context with alg none': (bus) => bus.context({}, { alg: 'none' }) }),
  ),
  ...endedBy(
    'CONTEXT_INVALID header',
    'RFC 8725 §3.10; CVE-2018-0114',
    scanning({
      'a context with an embedded jwk': (bus) =>
        bus.context(
          {},
          { jwk: bus.workshop.foreign.publicKey.export({ format: 'jwk' }) },
          es256(bus.workshop.foreign.privateKey),
        ),
    }),
  ),
  ...endedBy(
    'CONTEXT_INVALID type',
    confused,
    scanning({
      'an access token instead of a context': ({ workshop }) => workshop.victim.token ?? '',
      'an access token of the owner instead of a context': ({ workshop }) => workshop.owner.token ?? '',
      'a context with the typ of an access token': (bus) => bus.context({}, { typ: 'at+jwt' }),
    }),
  ),
  ...endedBy('CONTEXT_INVALID type', confused, {
    'a grant that asks for another grant': (bus) => bus.as('import').ask(createGrant, freezes, bus.grant()),
  }),
  ...endedBy(
    'CONTEXT_INVALID audience',
    'RFC 8725 §3.9',
    scanning({
      'a context for the audience of HTTP': (bus) => bus.context({ aud: bus.workshop.deployment }),
      'a grant for the audience of HTTP': (bus) => bus.grant({ aud: bus.workshop.deployment }),
      'a context for another deployment': (bus) => bus.context({ aud: 'other-bus' }),
    }),
  ),
  ...endedBy(
    'CONTEXT_INVALID form',
    'RFC 7515 §7.1',
    scanning({
      'text that is no context': () => 'nonsense',
      'a context without a signature': (bus) => bus.context().replace(/[^.]*$/, ''),
    }),
  ),
];

const expired: BusAttack[] = [
  ...endedBy(
    'CONTEXT_INVALID time',
    times,
    scanning({
      'a context that has expired': (bus) => bus.context({ iat: now() - 120, exp: now() - 60 }),
      'a context of yesterday that ends tomorrow': (bus) => bus.context({ iat: now() - 86_400, exp: now() + 86_400 }),
      'a context for a minute and a second': (bus) => bus.context(lasting(61)),
      'a context from the future': (bus) => bus.context({ iat: now() + 30, exp: now() + 60 }),
      'a grant that has expired': (bus) => bus.grant({ iat: now() - 7200, exp: now() - 3600 }),
      'a grant for more than thirty days': (bus) => bus.grant({ exp: now() + 31 * 86_400 }),
    }),
  ),
  ...endedBy(
    'CONTEXT_INVALID claims',
    times,
    scanning({
      'a context without an end': (bus) => bus.context({ exp: undefined }),
      'a context whose end is a text': (bus) => bus.context({ exp: '9999999999' }),
    }),
  ),
];

/** What the request ends with once it is refused: what auth says arrives within a second. */
const untilRefused = (ask: () => Promise<string>) => withinASecond(ask, (code) => code !== 'none');

const others: BusAttack[] = [
  ...endedBy('INSUFFICIENT_SCOPE', borrowed, {
    'a borrowed context, for a dataset that its caller may not read': (bus) =>
      bus.as('export').ask(scanRecords, { dataset: 'invoices' }, bus.context()),
    'a borrowed context, for a write that its caller may not do': (bus) =>
      bus.as('import').ask(writeRecords, writesOrders, bus.context()),
    'a borrowed context, for a grant of more than its caller may': (bus) =>
      bus.as('export').ask(createGrant, { ...freezes, actions: ['records:delete'] }, bus.context()),
    'a grant, for another dataset than its job': (bus) =>
      bus.as('export').ask(scanRecords, { dataset: 'invoices' }, bus.grant()),
    'a context with more than its user may': async (bus) => {
      const { accessToken } = await bus.workshop.member('records:read:orders');
      return bus.as('export').ask(scanRecords, { dataset: 'invoices' }, bus.contextOf(accessToken, { scope: '*' }));
    },
  }),
  ...endedBy('TOKEN_REVOKED', 'RFC 7009 §2.1; CWE-613', {
    'a context whose token was revoked meanwhile': async (bus) => {
      const { owner } = bus.workshop;
      const key = await owner.minted('records:read:orders');
      const context = bus.contextOf(key.token);
      await owner.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
      return codeOf(await untilRefused(() => scans(bus, context)));
    },
    // As some providers make them: no key of a bucket may be written so.
    "a context of another issuer's token whose id holds dots and slashes, revoked meanwhile": async (bus) => {
      const issuer = await OtherIssuer.of(bus.workshop);
      const jti = `a.${randomBytes(24).toString('base64')}/+==.>*`;
      const idp = { iss: issuer.issuer, sub: 'alice', idp: issuer.id, tkid: otherIssuerKid };
      const none = { usr: undefined, key: undefined, cid: undefined, anc: undefined };
      const context = bus.context({ ...idp, ...none, jti, scope: 'records:read:orders' });
      const before = await eventually(
        () => scans(bus, context),
        (code) => code === 'none',
      );
      if (before !== 'none') throw new Error(`before it was refused with ${before}`);
      const revocation = { iss: issuer.issuer, jti };
      await bus.workshop.owner.ok('/v1/revocations', { method: 'POST', json: revocation });
      return codeOf(await untilRefused(() => scans(bus, context)));
    },
    'a context whose user was disabled meanwhile': async (bus) => {
      const member = await bus.workshop.member('records:read:orders');
      const context = bus.contextOf(member.accessToken);
      await bus.workshop.ask(bus.workshop.owner.token, `/v1/users/${member.id}`, { disabled: true }, 'PATCH');
      return codeOf(await untilRefused(() => scans(bus, context)));
    },
  }),
  ...endedBy('RIGHTS_LOST', 'RFC 7009 §2.1; CWE-613', {
    'a grant whose key was revoked meanwhile': async (bus) => {
      const { owner } = bus.workshop;
      const key = await owner.minted('records:read:orders');
      const grant = bus.grant({ key: key.keyId });
      await owner.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
      return codeOf(await untilRefused(() => scans(bus, grant)));
    },
  }),
];
const codeOf = (refusal: string) => refusal.split(' ', 1)[0] ?? '';

export const busAttacks: readonly BusAttack[] = [...withoutContext, ...forged, ...expired, ...others];
