import { buckets, changesOf, serviceNames, type BucketContract, type ServiceName } from '@keyport/contracts';
import { jetstream, jetstreamManager, type ConsumerConfig, type StreamConfig } from '@nats-io/jetstream';
import { endedBy, type BusAttack } from '../attack.ts';
import type { Bus } from '../bus.ts';

const deputy = 'CWE-441; NIST SP 800-207 §2.1';
const subjects = 'NIST SP 800-207 §2.1; CWE-284';

const all: readonly BucketContract[] = Object.values(buckets);
const strangers = serviceNames.filter((service) => service !== 'auth');
const readers = strangers.flatMap((service) =>
  all.filter(({ watchers }) => watchers.includes(service)).map(({ name }) => ({ service, bucket: name })),
);
/** `$KV.rights.>` → `$KV.rights.of-mine` */
const underOne = (pattern: string) => pattern.replace('>', 'of-mine');
const name = (service: ServiceName) => (service === 'gateway' ? 'a gateway' : service);

/** Where a service would have nats-server write in its own name: the stream that would hold it, and the subject. */
const targets: Readonly<Record<string, readonly [stream: string, subject: string]>> = {
  'into the bucket rights': ['KV_rights', '$KV.rights.user.of-mine'],
  'into the bucket context-keys': ['KV_context-keys', '$KV.context-keys.gateway-of-mine'],
  'into the bucket jwks': ['KV_jwks', '$KV.jwks.of-mine'],
  'into the audit': ['AUDIT', 'audit.v1.of-mine'],
  'among the events to be ingested': ['INGEST', 'ingest.v1.of-mine'],
  'among the uploads': ['UPLOADS', 'uploads.v1.of-mine'],
};
const nothing = 'nothing arrives';

/** What the holder of an entry may be answered with by JetStream, on a subject that it chose. */
async function answeredOn(bus: Bus, service: ServiceName, [stream, subject]: readonly [string, string]) {
  const { connection } = bus.as(service);
  const rights = '$JS.API.DIRECT.GET.KV_rights';
  const query = JSON.stringify({ last_by_subj: '$KV.rights.>' });
  connection.publish(rights, query, { reply: subject });
  connection.publish(rights, JSON.stringify({ seq: 1, batch: 2 }), { reply: subject });
  // Asked later, answered later: what the others were answered with is on its way.
  await connection.request(rights, query, { timeout: 20_000 });
  return (await bus.lastOn(stream, subject)) ?? nothing;
}

/** Streams that a service owns or may publish to anyway. */
const theirs: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  gateway: ['UPLOADS', 'AUDIT'],
  import: ['UPLOADS', 'INGEST'],
};
const answers = Object.fromEntries(
  strangers.flatMap((service) =>
    Object.entries(targets)
      .filter(([, [stream]]) => !theirs[service]?.includes(stream))
      .map(([where, target]) => [
        `${name(service)} has an entry of the bucket rights answered ${where}`,
        (bus: Bus) => answeredOn(bus, service, target),
      ]),
  ),
);

const consumers = Object.fromEntries(
  readers.flatMap(({ service, bucket }) => [
    [
      `${name(service)} makes a consumer of the bucket ${bucket}`,
      (bus: Bus) => bus.as(service).publish(`$JS.API.CONSUMER.CREATE.KV_${bucket}.of-mine`),
    ],
  ]),
);

const changes = Object.fromEntries(
  serviceNames.flatMap((service) => [
    [
      `${name(service)} tells of a change of rights itself`,
      (bus: Bus) => bus.as(service).publish(underOne(changesOf(buckets.rights))),
    ],
  ]),
);

const heard: Readonly<Record<string, readonly [ServiceName, string]>> = {
  'export listens to the changes of every bucket': ['export', 'changed.v1.>'],
  'a gateway listens to the keys for contexts of other gateways': ['gateway', changesOf(buckets.contextKeys)],
  'records listens to the proofs that gateways remember': ['records', changesOf(buckets.dpopProofs)],
  'import listens to the inbox of export': ['import', '_INBOX.export.>'],
  'import listens to the events of others': ['import', 'events.v1.>'],
  'records answers in the place of import': ['records', 'import.v1.>'],
};

/** What `import` may make of its own stream UPLOADS, so that what is uploaded goes where it says. */
async function asOwner(bus: Bus, [stream, subject]: readonly [string, string], config: Partial<StreamConfig>) {
  const { connection } = bus.as('import');
  const { streams } = await jetstreamManager(connection, { checkAPI: false });
  const { config: before } = await streams.info('UPLOADS');
  await streams.update('UPLOADS', { ...before, ...config });
  try {
    await jetstream(connection, { checkAPI: false }).publish('uploads.v1.00000000000000aa', '{}', { timeout: 20_000 });
    return (await bus.lastOn(stream, subject)) ?? nothing;
  } finally {
    await streams.update('UPLOADS', { ...before, republish: undefined });
  }
}

async function delivered(bus: Bus, [stream, subject]: readonly [string, string]) {
  const { connection } = bus.as('import');
  const { consumers: made } = await jetstreamManager(connection, { checkAPI: false });
  const config: Partial<ConsumerConfig> = { name: 'of-mine', deliver_subject: subject };
  await made.add('UPLOADS', config);
  try {
    await jetstream(connection, { checkAPI: false }).publish('uploads.v1.00000000000000aa', '{}', { timeout: 20_000 });
    return (await bus.lastOn(stream, subject)) ?? nothing;
  } finally {
    await made.delete('UPLOADS', 'of-mine');
  }
}

const ofAuth = Object.entries(targets).filter(([, [stream]]) => stream !== 'INGEST' && stream !== 'UPLOADS');
const owned = Object.fromEntries(
  ofAuth.flatMap(([where, target]) => [
    [
      `import has what is uploaded republished ${where}`,
      (bus: Bus) => asOwner(bus, target, { republish: { src: 'uploads.v1.*', dest: target[1] } }),
    ],
    [`import has a consumer of the uploads send them ${where}`, (bus: Bus) => delivered(bus, target)],
  ]),
);

const made: Readonly<Record<string, readonly [ServiceName, string]>> = {
  'import makes a stream of its own': ['import', '$JS.API.STREAM.CREATE.OF_MINE'],
  'import makes a stream that the bucket context-keys is copied from': [
    'import',
    '$JS.API.STREAM.UPDATE.KV_context-keys',
  ],
  'export makes a stream': ['export', '$JS.API.STREAM.CREATE.OF_MINE'],
  'auth makes a stream of its own': ['auth', '$JS.API.STREAM.CREATE.OF_MINE'],
  'auth reads the uploads': ['auth', '$JS.API.DIRECT.GET.UPLOADS'],
  'auth purges the events to be ingested': ['auth', '$JS.API.STREAM.PURGE.INGEST'],
};

const each = (table: Readonly<Record<string, readonly [ServiceName, string]>>, act: 'publish' | 'subscribe') =>
  Object.fromEntries(
    Object.entries(table).map(([title, [service, subject]]) => [title, (bus: Bus) => bus.as(service)[act](subject)]),
  );

/** What JetStream does on behalf of who asks it, in its own name. */
export const accountAttacks: readonly BusAttack[] = [
  ...endedBy(nothing, deputy, answers),
  ...endedBy('PermissionViolationError', deputy, consumers),
  ...endedBy(nothing, deputy, owned),
  ...endedBy('PermissionViolationError', subjects, each(made, 'publish')),
  ...endedBy('PermissionViolationError', subjects, changes),
  ...endedBy('PermissionViolationError', subjects, each(heard, 'subscribe')),
];
