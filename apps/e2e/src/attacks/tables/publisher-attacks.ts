import { es256 } from '@keyport/testing';
import { endedBy, type BusAttack } from '../attack.ts';
import type { Bus } from '../bus.ts';

const subjects = 'NIST SP 800-207 §2.1; CWE-284';

const published: Readonly<Record<string, string>> = {
  'a publisher publishes to another dataset': 'ingest.v1.invoices',
  'a publisher writes records itself': 'records.v1.write',
  'a publisher asks for a key': 'auth.v1.keys.create',
  'a publisher asks for the grant of ingest': 'auth.v1.grants.ingest',
  'a publisher publishes a piece of an upload': 'uploads.v1.00000000000000aa',
  'a publisher tells an event in the name of Keyport': 'events.v1.import.completed',
  'a publisher writes to the audit': 'audit.v1.requests',
  'a publisher gives a user rights': '$KV.rights.user.000000000000000000000001',
  'a publisher lifts a revocation': '$KV.revocations.jti.any',
  'a publisher publishes a key for contexts': '$KV.context-keys.gateway-of-mine',
  'a publisher purges the stream of events': '$JS.API.STREAM.PURGE.INGEST',
  'a publisher reads what others have published': '$JS.API.CONSUMER.CREATE.INGEST',
  'a publisher reads a bucket': '$JS.API.DIRECT.GET.KV_rights',
  'a publisher acknowledges events in the place of import': '$JS.ACK.INGEST.ingest.1.1.1.1.1',
  'a publisher asks who is connected': '$SYS.REQ.SERVER.PING.CONNZ',
  'a publisher says who may connect': '$SYS.REQ.USER.AUTH',
  'a publisher answers in the place of a service': '_INBOX.gateway.any',
};
const subscribed: Readonly<Record<string, string>> = {
  'a publisher listens to every subject': '>',
  'a publisher listens to all inboxes': '_INBOX.>',
  'a publisher listens to the inbox of the gateways': '_INBOX.gateway.>',
  'a publisher listens to the inbox of another publisher': '_INBOX.0123456789abcdef0123456789abcdef.>',
  'a publisher listens to what others publish': 'ingest.v1.*',
  'a publisher listens to what Keyport tells': 'events.v1.>',
  'a publisher answers in the place of records': 'records.v1.>',
  'a publisher listens to nats-server': '$SYS.>',
};
/** Of the messages that JetStream answers with, in its own name, on whichever subject a publisher gives. */
const answered: Readonly<Record<string, readonly [stream: string, subject: string]>> = {
  'a publisher has JetStream revoke a token by its answer': ['KV_revocations', '$KV.revocations.jti.of-the-victim'],
  'a publisher has JetStream lower a ceiling by its answer': ['KV_rights', '$KV.rights.key.of-the-victim'],
  'a publisher has JetStream tell an event by its answer': ['EVENTS', 'events.v1.import.of-mine'],
  'a publisher has JetStream publish to another dataset by its answer': ['INGEST', 'ingest.v1.invoices'],
};

const each = <Value>(table: Readonly<Record<string, Value>>, act: (bus: Bus, value: Value) => Promise<string>) =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, (bus: Bus) => act(bus, value)]));

const connecting: Readonly<Record<string, BusAttack['act']>> = {
  'somebody connects to NATS without a key': (bus) => bus.connectWith(''),
  'somebody connects as a gateway, with a Keyport key as its password': (bus) =>
    bus.connectWith(bus.workshop.owner.token ?? '', { user: 'gateway' }),
  'somebody connects as who answers about connections, with a Keyport key': (bus) =>
    bus.connectWith(bus.workshop.owner.token ?? '', { user: 'callout' }),
  'somebody connects with a key that has no right to events': (bus) => bus.connectWith(bus.workshop.victim.token ?? ''),
  'somebody connects with a key that is narrowed to rows': async (bus) => {
    const authorizationDetails = [
      { type: 'keyport_dataset', datasets: ['orders'], actions: ['events:publish'], filter: { region: 'eu' } },
    ];
    const json = { name: 'narrowed', scopes: ['events:publish:orders'], authorizationDetails };
    const { token } = await bus.workshop.owner.ok<{ token: string }>('/v1/keys', { method: 'POST', json });
    return bus.connectWith(token);
  },
  'somebody connects with a revoked key': async (bus) => {
    const { token = '', keyId } = await bus.workshop.owner.minted('events:publish:orders');
    await bus.workshop.owner.ok(`/v1/keys/${keyId}`, { method: 'DELETE' });
    return bus.connectWith(token);
  },
  'somebody connects with a token that is bound to a key of its holder': (bus) =>
    bus.connectWith(bus.workshop.token({}, { scope: 'events:publish:orders', cnf: { jkt: 'A'.repeat(43) } })),
  'somebody connects with a token that they signed in the name of the deployment': (bus) =>
    bus.connectWith(bus.workshop.token({}, { scope: 'events:publish:orders' }, es256(bus.workshop.foreign.privateKey))),
  'somebody connects with a caller context': (bus) => bus.connectWith(bus.context({ scope: 'events:publish:orders' })),
};

export const publisherAttacks: readonly BusAttack[] = [
  ...endedBy('AuthorizationError', subjects, connecting),
  ...endedBy(
    'PermissionViolationError',
    subjects,
    each(published, (bus, subject) => bus.asPublisher.publish(subject)),
  ),
  ...endedBy(
    'PermissionViolationError',
    subjects,
    each(subscribed, (bus, subject) => bus.asPublisher.subscribe(subject)),
  ),
  ...endedBy(
    'nothing arrives',
    'CWE-441',
    each(answered, (bus, [stream, subject]) => bus.answeredOn(stream, subject)),
  ),
];
