import {
  accountOf,
  calloutPermissions,
  crossings,
  natsAccounts,
  natsPermissions,
  serviceNames,
  storingServices,
  toolUsers,
  type NatsPermissions,
  type NatsUser,
  type ServiceName,
} from '@keyport/contracts';

export interface NatsConfOptions {
  /** `host:port` */
  readonly listen: string;
  readonly storeDir: string;
  /** `host:port` of the HTTP monitoring endpoint, none by default. */
  readonly monitor?: string;
  /** Public half of the key pair with which auth signs who may connect; else the file that names it, beside this one. */
  readonly issuer: string | { readonly include: string };
}

export const natsPasswordVariable = (user: NatsUser): string => `NATS_${user.toUpperCase()}_PASSWORD`;

const list = (subjects: readonly string[], indent: string): string =>
  `[\n${subjects.map((subject) => `${indent}  ${JSON.stringify(subject)}\n`).join('')}${indent}]`;

const permissions = ({ publish, subscribe, allowResponses }: NatsPermissions): string =>
  [
    `          publish: { allow: ${list(publish, '          ')} }`,
    `          subscribe: { allow: ${list(subscribe, '          ')} }`,
    ...(allowResponses ? ['          allow_responses: { max: 64, expires: "2m" }'] : []),
  ].join('\n');

/** For tools: every subject of the account, but not what is sent to its service's inbox. */
const toolPermissions = (service: ServiceName): string =>
  [
    '          publish: { allow: [">"] }',
    `          subscribe: { allow: [">"], deny: [${JSON.stringify(`_INBOX.${service}.>`)}] }`,
  ].join('\n');

const user = (name: string, passwordOf: NatsUser, allowed: string): string =>
  `      {
        user: ${name}
        password: $${natsPasswordVariable(passwordOf)}
        permissions: {
${allowed}
        }
      }`;

const usersOf = (service: ServiceName): string =>
  [
    user(service, service, permissions(natsPermissions[service])),
    ...toolUsers
      .filter((name) => name === `admin-${service}`)
      .map((name) => user(name, 'admin', toolPermissions(service))),
  ].join('\n');

/** What an account offers, each subject once, with those who may take it. */
function exportsOf(account: string): string {
  const offered = Object.groupBy(
    crossings.filter(({ from }) => from === account),
    ({ kind, subject }) => `${kind}: ${JSON.stringify(subject)}`,
  );
  const lines = Object.entries(offered).map(([what, takers = []]) => {
    const many = takers.some(({ kind, replies }) => kind === 'service' && replies === 'many');
    return `      { ${what}, accounts: [${takers.map(({ to }) => to).join(', ')}]${many ? ', response_type: stream' : ''} }\n`;
  });
  return lines.length > 0 ? `    exports: [\n${lines.join('')}    ]\n` : '';
}

function importsOf(account: string): string {
  const lines = crossings
    .filter(({ to }) => to === account)
    .map(({ kind, subject, from }) => `      { ${kind}: { account: ${from}, subject: ${JSON.stringify(subject)} } }\n`);
  return lines.length > 0 ? `    imports: [\n${lines.join('')}    ]\n` : '';
}

const accountWith = (service: ServiceName): string => {
  const account = accountOf(service);
  return `  ${account}: {
${storingServices.includes(service) ? '    jetstream: enabled\n' : ''}${exportsOf(account)}${importsOf(account)}    users: [
${usersOf(service)}
    ]
  }
`;
};

const issuerLine = (issuer: NatsConfOptions['issuer']): string =>
  typeof issuer === 'string' ? `issuer: ${issuer}` : `include ${JSON.stringify(issuer.include)}`;

/**
 * The text of a nats-server configuration: an account for each service, with its own streams and buckets, and a user with
 * its own subjects alone; what crosses between them; and an account for whoever connects with a Keyport key, about which auth
 * is asked. It holds no secret: nats-server takes the passwords from the environment, `NATS_<USER>_PASSWORD`.
 */
export function natsConf({ listen, storeDir, monitor, issuer }: NatsConfOptions): string {
  const { publishers, system } = natsAccounts;
  return `# Generated from libs/contracts (natsPermissions, crossings) by tools/stack; do not edit.
listen: ${JSON.stringify(listen)}
${monitor ? `http: ${JSON.stringify(monitor)}\n` : ''}# Rows travel whole: at most 4 MB each, and a chunk of about 1 MiB (docs/architecture.md).
max_payload: 8MB
# A Keyport key, of at most 8 KB, comes as a password within one line.
max_control_line: 16KB
jetstream: {
  store_dir: ${JSON.stringify(storeDir)}
  # By default JetStream acknowledges before it has flushed to disk (nats-server#7564).
  sync_interval: always
}
accounts: {
  # Each service is in an account of its own. A permission alone would not do: JetStream answers on whichever subject it
  # is told, sends a consumer's messages there and publishes anew what a stream has stored, all in its own name. In an
  # account there is nothing of another's to be named; what a service imports is what its user may publish.
${serviceNames.map(accountWith).join('')}  # Where whoever connects with a Keyport key is, for the same reason.
  ${publishers}: {
${importsOf(publishers)}  }
  ${system}: {
    users: [
${user('callout', 'callout', permissions(calloutPermissions))}
    ]
  }
}
authorization: {
  # Seconds in which auth must answer, also when it is being started anew.
  timeout: 5
  auth_callout: {
    ${issuerLine(issuer)}
    account: ${JSON.stringify(system)}
    auth_users: [${[...serviceNames, ...toolUsers, 'callout'].join(', ')}]
  }
}
`;
}
