import * as auth from './auth/index.ts';
import { serverSubjects } from './bus-access.ts';
import * as changes from './changes.ts';
import * as datasets from './datasets.ts';
import * as deadLetters from './dead-letters.ts';
import type { RequestContract } from './define.ts';
import * as exports from './export.ts';
import * as exportControl from './export-control.ts';
import * as links from './export-links.ts';
import * as imports from './import.ts';
import * as ingest from './ingest.ts';
import * as control from './import-control.ts';
import * as retry from './import-retry.ts';
import * as undo from './import-undo.ts';
import * as preview from './preview.ts';
import * as records from './records.ts';
import * as rejects from './rejects.ts';
import * as uploads from './resumable-upload.ts';
import { serviceNames, type ServiceName } from './services.ts';
import { buckets, changesOf, streams, type BucketContract } from './streams.ts';

/** What one NATS user may do; `allowResponses` lets it answer requests it received. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly allowResponses: boolean;
}

/** Which requests each service sends. */
const requests: Record<ServiceName, readonly RequestContract[]> = {
  gateway: [
    ...[auth.login, auth.refreshSession, auth.logout, auth.changePassword],
    ...[auth.createKey, auth.listKeys, auth.getKey, auth.changeKey, auth.rotateKey, auth.revokeKey, auth.reportUse],
    ...[auth.createPublicKey, auth.listPublicKeys, auth.getPublicKey, auth.revokePublicKey],
    ...[auth.createClient, auth.listClients, auth.getClient, auth.changeClient, auth.deleteClient],
    ...[auth.listSessions, auth.endSession, auth.authorizeDevice, auth.getDeviceRequest, auth.decideDevice],
    ...[auth.oauthToken, auth.introspectToken, auth.introspectTokenAsClient, auth.revokeToken],
    ...[auth.createIssuer, auth.listIssuers, auth.getIssuer, auth.changeIssuer, auth.deleteIssuer],
    auth.refreshIssuerKeys,
    ...[auth.createUser, auth.listUsers, auth.getUser, auth.changeUser, auth.deleteUser],
    ...[auth.createRevocation, auth.listRevocations, auth.deleteRevocation],
    ...[auth.listSigningKeys, auth.rotateSigningKeys, auth.revokeSigningKey, auth.listAudit],
    ...[datasets.putDataset, datasets.getDataset, datasets.listDatasets, datasets.deleteDataset, datasets.checkSchema],
    datasets.changeDataset,
    ...[records.getRecord, records.putRecord, records.deleteRecord],
    ...[imports.createImport, imports.reserveUpload, imports.sealUpload, imports.getImport, imports.listImports],
    ...[imports.cancelImport, rejects.listRejects, rejects.listCorrectableRows, rejects.summarizeRejects],
    ...[control.pauseImport, control.resumeImport, control.getImportProgress],
    ...[uploads.getUpload, uploads.resumeUpload, uploads.acknowledgeUpload, uploads.refuseUpload],
    ...[undo.undoImport, undo.listLeft, retry.retryImport],
    ...[preview.previewImport, preview.inferDatasetSchema],
    ...[exports.createExport, exports.getExport, exports.listExports, exports.deleteExport],
    ...[exports.readExportFile, exports.readPage],
    ...[exportControl.cancelExport, exportControl.getExportProgress, links.createExportLink],
    ...[deadLetters.listDeadLetters, deadLetters.getDeadLetter, deadLetters.summarizeDeadLetters],
    ...[deadLetters.replayDeadLetter, deadLetters.replayDeadLetters],
    ...[deadLetters.discardDeadLetter, deadLetters.discardDeadLetters],
  ],
  // Which datasets a pattern such as `orders-*` stands for, when a publisher connects.
  auth: [datasets.listDatasets],
  import: [
    auth.createGrant,
    auth.createIngestGrant,
    datasets.getDataset,
    records.writeRecords,
    records.forgetDryRun,
    ingest.writeEvents,
    undo.undoChunk,
  ],
  export: [
    auth.createGrant,
    links.signFileLink,
    datasets.getDataset,
    records.scanRecords,
    records.readLargeRecord,
    changes.readChanges,
  ],
  records: [],
};

/** Subjects beyond requests that each service publishes to. */
const publishes: Record<ServiceName, readonly string[]> = {
  gateway: ['uploads.v1.*', auth.auditSubject],
  auth: ['events.v1.key.*'],
  // Marks in an upload where a new epoch begins.
  import: ['events.v1.import.*', 'uploads.v1.*'],
  export: ['events.v1.export.*'],
  records: ['events.v1.dataset.*', 'events.v1.records.changed'],
};

/** JetStream API subjects of a stream's owner, who also reads it (NATS docs, "JetStream wire API reference"). */
const ownedStream = (name: string) => [
  ...['CREATE', 'UPDATE', 'INFO', 'PURGE'].map((verb) => `$JS.API.STREAM.${verb}.${name}`),
  ...['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT', 'LIST', 'NAMES'].map(
    (verb) => `$JS.API.CONSUMER.${verb}.${name}`,
  ),
  ...['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.${name}.>`),
  `$JS.API.DIRECT.GET.${name}`,
  `$JS.API.DIRECT.GET.${name}.>`,
  `$JS.API.STREAM.MSG.GET.${name}`,
  `$JS.ACK.${name}.>`,
];

/** The owner of a bucket makes and clears it; what is in it only its writers say. */
const ownedBucket = (name: string) =>
  ['CREATE', 'UPDATE', 'INFO', 'PURGE'].map((verb) => `$JS.API.STREAM.${verb}.KV_${name}`);

/** How the owner of a bucket reads it, to compare it with what should be there. */
const comparedBucket = (name: string) => [
  ...['CREATE', 'INFO', 'DELETE'].map((verb) => `$JS.API.CONSUMER.${verb}.KV_${name}.>`),
  `$JS.API.CONSUMER.CREATE.KV_${name}`,
  `$JS.API.DIRECT.GET.KV_${name}.>`,
  `$JS.FC.KV_${name}.>`,
];

/** A subject that a service publishes to, and who answers there: itself, or the service in whose account that is. */
export interface Reach {
  readonly subject: string;
  readonly owner: ServiceName;
  /** How many answers one message has. */
  readonly replies: RequestContract['replies'];
}

const ownerOf = (subject: string): ServiceName => {
  const [first] = subject.split('.');
  const stream = Object.values(streams).find(({ subjects }) =>
    subjects.some((pattern) => pattern.startsWith(`${first}.`)),
  );
  const owner = stream?.owner ?? serviceNames.find((service) => service === first);
  if (!owner) throw new Error(`nobody answers on ${subject}`);
  return owner;
};

function bucketReaches(service: ServiceName, bucket: BucketContract): Reach[] {
  const { name, owner, writers, watchers } = bucket;
  const one = (subject: string): Reach => ({ subject, owner, replies: 'one' });
  const watches = watchers.includes(service);
  return [
    ...(owner === service ? ownedBucket(name).map(one) : []),
    ...(writers.includes(service) ? [one(`$KV.${name}.>`)] : []),
    // No consumer: that could have its messages sent to any subject of the account that the bucket is in.
    ...(watches ? [{ ...one(`$JS.API.DIRECT.GET.KV_${name}`), replies: 'many' as const }] : []),
    ...(watches && owner === service ? comparedBucket(name).map(one) : []),
  ];
}

function reachesOf(service: ServiceName): Reach[] {
  const own = Object.values(streams).filter(({ owner }) => owner === service);
  const jetStream = own.length > 0 ? ['$JS.API.INFO', ...own.flatMap(({ name }) => ownedStream(name))] : [];
  const all: Reach[] = [
    ...requests[service].map(({ subject, replies }) => ({ subject, owner: ownerOf(subject), replies })),
    ...publishes[service].map((subject) => ({ subject, owner: ownerOf(subject), replies: 'one' as const })),
    ...jetStream.map((subject) => ({ subject, owner: service, replies: 'one' as const })),
    ...Object.values(buckets).flatMap((bucket) => bucketReaches(service, bucket)),
  ];
  return [...new Map(all.map((reach) => [reach.subject, reach])).values()];
}

/** What each service publishes to. Its user may, and its account imports, just that. */
export const natsReaches = Object.fromEntries(
  serviceNames.map((service): [ServiceName, readonly Reach[]] => [service, reachesOf(service)]),
) as unknown as Readonly<Record<ServiceName, readonly Reach[]>>;

function permissionsOf(service: ServiceName): NatsPermissions {
  const answers = service === 'gateway' ? [] : [`${service}.v1.>`];
  const watched = Object.values(buckets as Readonly<Record<string, BucketContract>>).filter(({ watchers }) =>
    watchers.includes(service),
  );
  return {
    publish: natsReaches[service].map(({ subject }) => subject),
    subscribe: [`_INBOX.${service}.>`, ...answers, ...watched.map(changesOf)],
    allowResponses: service !== 'gateway',
  };
}

/** Each service's NATS user may use these subjects and no others; `docker/nats.conf` is generated from this table. */
export const natsPermissions = Object.fromEntries(
  serviceNames.map((service) => [service, permissionsOf(service)]),
) as Readonly<Record<ServiceName, NatsPermissions>>;

/** Of the user in the system account with which auth answers who may connect, sees who is, and ends connections. */
export const calloutPermissions: NatsPermissions = {
  publish: [serverSubjects.connections, serverSubjects.kick('*')],
  subscribe: ['_INBOX.callout.>', serverSubjects.authorize, serverSubjects.connected, serverSubjects.disconnected],
  allowResponses: true,
};
