import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { natsPermissions, natsReaches, serviceNames } from '@keyport/contracts';
import { workspaceRoot } from '../supervisor/app-plans.ts';
import { dockerNatsConf } from './docker-nats-conf.ts';
import { natsConf } from './nats-conf.ts';

const conf = natsConf({ listen: '127.0.0.1:4222', storeDir: '/tmp/nats', issuer: 'AABB' });

/** What stands in the account. */
const accountNamed = (name: string) => new RegExp(`\n  ${name}: \\{([^]*?)\n  \\}`).exec(conf)?.[1] ?? '';

describe('natsConf', () => {
  it('is what docker/nats.conf holds', () => {
    const committed = readFileSync(join(workspaceRoot, 'docker', 'nats.conf'), 'utf8');

    expect(committed).toBe(dockerNatsConf());
  });

  it('holds no password, only the names of the variables that bring them', () => {
    const passwords = [...conf.matchAll(/password: (\S+)/g)].map(([, value]) => value);

    expect(passwords).toEqual([
      '$NATS_GATEWAY_PASSWORD',
      '$NATS_AUTH_PASSWORD',
      '$NATS_ADMIN_PASSWORD',
      '$NATS_IMPORT_PASSWORD',
      '$NATS_ADMIN_PASSWORD',
      '$NATS_EXPORT_PASSWORD',
      '$NATS_RECORDS_PASSWORD',
      '$NATS_CALLOUT_PASSWORD',
    ]);
  });

  it('lets no service subscribe to more than its own inbox', () => {
    const inboxes = [...conf.matchAll(/"(_INBOX[^"]*)"/g)].map(([, subject]) => subject);

    expect(inboxes).not.toContain('_INBOX.>');
    expect(new Set(inboxes)).toEqual(
      new Set(['gateway', 'auth', 'import', 'export', 'records', 'callout'].map((service) => `_INBOX.${service}.>`)),
    );
  });

  it('asks auth about everybody but the users that stand in it', () => {
    expect(conf).toMatch(/auth_users: \[gateway, auth, import, export, records, admin-auth, admin-import, callout\]/);
    expect(conf).toMatch(/issuer: AABB\n/);
  });

  it.each(serviceNames)(
    'gives %s an account that takes from others what its user may publish, and no more',
    (service) => {
      const account = accountNamed(service.toUpperCase());
      const own = (subject: string) => subject.startsWith('$JS.') && !subject.startsWith('$JS.API.DIRECT.GET.KV_');
      const taken = [...account.matchAll(/service: \{ account: (\w+), subject: "([^"]+)"/g)].map(
        ([, , subject]) => subject,
      );

      const reachesOthers = natsReaches[service].filter(({ owner }) => owner !== service).map(({ subject }) => subject);
      expect(taken).toEqual(reachesOthers);
      expect(natsPermissions[service].publish).toEqual(expect.arrayContaining(reachesOthers));
      expect(taken.filter((subject) => subject !== undefined && own(subject))).toEqual([]);
    },
  );

  it('has JetStream in the accounts of those alone who own streams, and a user for tools beside each', () => {
    const storing = serviceNames.filter((service) => /jetstream: enabled/.test(accountNamed(service.toUpperCase())));

    expect(storing).toEqual(['auth', 'import']);
    expect(storing.filter((service) => accountNamed(service.toUpperCase()).includes(`user: admin-${service}`))).toEqual(
      storing,
    );
  });

  it('lets nobody make consumers or streams in the account of another', () => {
    const offered = [...conf.matchAll(/service: "(\$JS[^"]+)"/g)].map(([, subject]) => subject);

    expect(offered.toSorted()).toEqual(
      ['context-keys', 'jwks', 'revocations', 'rights'].map((bucket) => `$JS.API.DIRECT.GET.KV_${bucket}`),
    );
  });

  it('lets what is published with a Keyport key cross as a request to be acknowledged, and events come out', () => {
    const offered = [...conf.matchAll(/(service|stream): "([^"]+)", accounts: \[[^\]]*PUBLISHERS[^\]]*\]/g)];
    const publishers = accountNamed('PUBLISHERS');

    expect(offered.map(([, kind, subject]) => `${kind} ${subject}`)).toEqual([
      'stream events.v1.>',
      'service ingest.v1.*',
    ]);
    expect(
      [...publishers.matchAll(/(service|stream): \{ account: (\w+), subject: "([^"]+)"/g)].map(([, ...what]) => what),
    ).toEqual([
      ['service', 'IMPORT', 'ingest.v1.*'],
      ['stream', 'AUTH', 'events.v1.>'],
    ]);
    expect(publishers).not.toMatch(/jetstream|users/);
  });

  it('flushes to disk before it acknowledges', () => {
    expect(conf).toMatch(/sync_interval: always/);
  });
});
