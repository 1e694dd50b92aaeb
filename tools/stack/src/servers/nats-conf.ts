import type { NatsPermissions, ServiceName } from '@keyport/contracts';
import { natsUsers, type NatsUser } from '../home/secrets.ts';

export interface NatsConfOptions {
  /** `host:port` */
  readonly listen: string;
  readonly storeDir: string;
  /** `host:port` of the HTTP monitoring endpoint, none by default. */
  readonly monitor?: string;
  readonly permissions: Readonly<Record<ServiceName, NatsPermissions>>;
}

export const natsPasswordVariable = (user: NatsUser): string => `NATS_${user.toUpperCase()}_PASSWORD`;

const list = (subjects: readonly string[], indent: string): string =>
  `[\n${subjects.map((subject) => `${indent}  ${JSON.stringify(subject)}\n`).join('')}${indent}]`;

function servicePermissions({ publish, subscribe, allowResponses }: NatsPermissions): string {
  return [
    `        publish: { allow: ${list(publish, '        ')} }`,
    `        subscribe: { allow: ${list(subscribe, '        ')} }`,
    ...(allowResponses ? ['        allow_responses: { max: 64, expires: "2m" }'] : []),
  ].join('\n');
}

/** For tools: every subject, but not what is sent to a service's inbox. */
const adminPermissions = (services: readonly string[]): string =>
  [
    '        publish: { allow: [">"] }',
    `        subscribe: { allow: [">"], deny: ${list(
      services.map((service) => `_INBOX.${service}.>`),
      '        ',
    )} }`,
  ].join('\n');

/**
 * The text of a nats-server configuration: one user a service with its own subjects alone, and `admin` for tools. It
 * holds no secret: nats-server takes the passwords from the environment, `NATS_<USER>_PASSWORD`.
 */
export function natsConf({ listen, storeDir, monitor, permissions }: NatsConfOptions): string {
  const user = (name: NatsUser) =>
    `    {
      user: ${name}
      password: $${natsPasswordVariable(name)}
      permissions: {
${name === 'admin' ? adminPermissions(Object.keys(permissions)) : servicePermissions(permissions[name])}
      }
    }`;
  return `# Generated from libs/contracts (natsPermissions) by tools/stack; do not edit.
listen: ${JSON.stringify(listen)}
${monitor ? `http: ${JSON.stringify(monitor)}\n` : ''}# Rows travel whole: at most 4 MB each, and a chunk of about 1 MiB (docs/architecture.md).
max_payload: 8MB
jetstream: {
  store_dir: ${JSON.stringify(storeDir)}
  # By default JetStream acknowledges before it has flushed to disk (nats-server#7564).
  sync_interval: always
}
authorization: {
  users: [
${natsUsers.map(user).join('\n')}
  ]
}
`;
}
