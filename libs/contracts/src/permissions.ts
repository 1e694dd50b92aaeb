import * as auth from './auth/index.ts';
import * as changes from './changes.ts';
import * as datasets from './datasets.ts';
import type { RequestContract } from './define.ts';
import * as exports from './export.ts';
import * as exportControl from './export-control.ts';
import * as links from './export-links.ts';
import * as imports from './import.ts';
import * as control from './import-control.ts';
import * as retry from './import-retry.ts';
import * as undo from './import-undo.ts';
import * as preview from './preview.ts';
import * as records from './records.ts';
import * as rejects from './rejects.ts';
import * as uploads from './resumable-upload.ts';
import { serviceNames, type ServiceName } from './services.ts';
import { buckets, streams, type BucketContract } from './streams.ts';

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
  ],
  auth: [],
  import: [
    auth.createGrant,
    auth.createIngestGrant,
    datasets.getDataset,
    records.writeRecords,
    records.forgetDryRun,
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

const watchedBucket = (name: string) => [
  `$JS.API.STREAM.INFO.KV_${name}`,
  `$JS.API.CONSUMER.CREATE.KV_${name}`,
  `$JS.API.CONSUMER.CREATE.KV_${name}.>`,
  `$JS.API.CONSUMER.INFO.KV_${name}.>`,
  `$JS.API.CONSUMER.DELETE.KV_${name}.>`,
  `$JS.API.DIRECT.GET.KV_${name}`,
  `$JS.API.DIRECT.GET.KV_${name}.>`,
  `$JS.FC.KV_${name}.>`,
];

/** The owner of a bucket makes and clears it; what is in it only its writers say. */
const ownedBucket = (name: string) =>
  ['CREATE', 'UPDATE', 'INFO', 'PURGE'].map((verb) => `$JS.API.STREAM.${verb}.KV_${name}`);

function bucketSubjects(service: ServiceName, bucket: BucketContract): string[] {
  return [
    ...(bucket.owner === service ? ownedBucket(bucket.name) : []),
    ...(bucket.writers.includes(service) ? [`$KV.${bucket.name}.>`, `$JS.API.STREAM.INFO.KV_${bucket.name}`] : []),
    ...(bucket.watchers.includes(service) ? watchedBucket(bucket.name) : []),
  ];
}

function permissionsOf(service: ServiceName): NatsPermissions {
  const publish = [
    ...requests[service].map(({ subject }) => subject),
    ...publishes[service],
    '$JS.API.INFO',
    ...Object.values(streams).flatMap(({ name, owner }) => (owner === service ? ownedStream(name) : [])),
    ...Object.values(buckets).flatMap((bucket) => bucketSubjects(service, bucket)),
  ];
  const answers = service === 'gateway' ? [] : [`${service}.v1.>`];
  return {
    publish: [...new Set(publish)],
    subscribe: [`_INBOX.${service}.>`, ...answers],
    allowResponses: service !== 'gateway',
  };
}

/** Each service's NATS user may use these subjects and no others; `docker/nats.conf` is generated from this table. */
export const natsPermissions = Object.fromEntries(
  serviceNames.map((service) => [service, permissionsOf(service)]),
) as Readonly<Record<ServiceName, NatsPermissions>>;
