import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { natsPermissions } from '@keyport/contracts';
import { workspaceRoot } from '../supervisor/app-plans.ts';
import { dockerNatsConf } from './docker-nats-conf.ts';
import { natsConf } from './nats-conf.ts';

const conf = natsConf({ listen: '127.0.0.1:4222', storeDir: '/tmp/nats', permissions: natsPermissions });

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
      '$NATS_IMPORT_PASSWORD',
      '$NATS_EXPORT_PASSWORD',
      '$NATS_RECORDS_PASSWORD',
      '$NATS_ADMIN_PASSWORD',
    ]);
  });

  it('lets no service subscribe to more than its own inbox', () => {
    const inboxes = [...conf.matchAll(/"(_INBOX[^"]*)"/g)].map(([, subject]) => subject);

    expect(inboxes).not.toContain('_INBOX.>');
    expect(new Set(inboxes)).toEqual(
      new Set(['gateway', 'auth', 'import', 'export', 'records'].map((service) => `_INBOX.${service}.>`)),
    );
  });

  it('flushes to disk before it acknowledges', () => {
    expect(conf).toMatch(/sync_interval: always/);
  });
});
