import type { ServiceName } from '@keyport/contracts';
import { endedBy, type BusAttack } from '../attack.ts';
import type { Bus } from '../bus.ts';

const subjects = 'NIST SP 800-207 §2.1; CWE-284';

const notTheirs: Readonly<Record<string, readonly [ServiceName, string]>> = {
  'auth publishes a key for contexts': ['auth', '$KV.context-keys.gateway-of-mine'],
  'import publishes a key for contexts': ['import', '$KV.context-keys.gateway-of-mine'],
  'export publishes a key for contexts': ['export', '$KV.context-keys.gateway-of-mine'],
  'records publishes a key for contexts': ['records', '$KV.context-keys.gateway-of-mine'],
  'a gateway publishes a signing key': ['gateway', '$KV.jwks.keyport-of-mine'],
  'a gateway gives a user rights': ['gateway', '$KV.rights.user.000000000000000000000001'],
  'import gives a user rights': ['import', '$KV.rights.user.000000000000000000000001'],
  'a gateway clears the revocations': ['gateway', '$JS.API.STREAM.PURGE.KV_revocations'],
  'export lifts a revocation': ['export', '$KV.revocations.jti.any'],
  'export deletes a stream': ['export', '$JS.API.STREAM.DELETE.KV_revocations'],
  'export writes to the audit': ['export', 'audit.v1.requests'],
  'export publishes a piece of an upload': ['export', 'uploads.v1.00000000000000aa'],
  'records publishes an event to be ingested': ['records', 'ingest.v1.orders'],
  'export answers in the place of a service': ['export', '_INBOX.gateway.any'],
  'export asks for a key': ['export', 'auth.v1.keys.create'],
  'import deletes a dataset': ['import', 'records.v1.datasets.delete'],
  'records asks for a grant': ['records', 'auth.v1.grants.create'],
  'export asks for the grant of ingest': ['export', 'auth.v1.grants.ingest'],
  'import tells when a key was used': ['import', 'auth.v1.keys.used'],
};
const notForTheirEars: Readonly<Record<string, readonly [ServiceName, string]>> = {
  'records listens to the inbox of the gateways': ['records', '_INBOX.gateway.>'],
  'export listens to every subject': ['export', '>'],
  'a gateway answers in the place of auth': ['gateway', 'auth.v1.>'],
  'export listens to uploads': ['export', 'uploads.v1.*'],
};

export const permissionAttacks: readonly BusAttack[] = [
  ...endedBy(
    'PermissionViolationError',
    subjects,
    Object.fromEntries(
      Object.entries(notTheirs).map(([name, [service, subject]]) => [
        name,
        (bus: Bus) => bus.as(service).publish(subject),
      ]),
    ),
  ),
  ...endedBy(
    'PermissionViolationError',
    subjects,
    Object.fromEntries(
      Object.entries(notForTheirEars).map(([name, [service, subject]]) => [
        name,
        (bus: Bus) => bus.as(service).subscribe(subject),
      ]),
    ),
  ),
];
