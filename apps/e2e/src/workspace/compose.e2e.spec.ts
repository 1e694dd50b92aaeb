import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames, type ServiceName } from '@keyport/contracts';
import { configSchemaOf } from './app-config.ts';
import {
  exampleEnvironment,
  interpolate,
  readComposeFile,
  variablesOfCompose,
  type ComposeFile,
  type ComposeService,
} from './compose-file.ts';
import { textOf, workspaceRoot } from './workspace-files.ts';

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
const isSecret = (name: string) => /PASSWORD|MASTER_KEY|TOKEN|SECRET/.test(name);

/** mallopt(3): memory settings of the process. */
const readByGlibc = 'MALLOC_';

describe('docker-compose.yml', () => {
  let file: ComposeFile;
  let values: Record<string, string>;

  const service = (name: string): ComposeService => {
    const found = file.services[name];
    if (!found) throw new Error(`there is no service ${name}`);
    return found;
  };
  const environmentOf = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(service(name).environment ?? {}).map(([key, value]) => [key, interpolate(String(value), values)]),
    );

  beforeAll(async () => {
    file = await readComposeFile();
    const text = execFileSync(join(workspaceRoot, 'docker', 'make-env.sh'), { encoding: 'utf8' });
    values = parseEnv(text) as Record<string, string>;
  });

  it('runs the five services, each from its own bundle of the one image', () => {
    const commands = serviceNames.map((name) => service(name).command?.at(-1));
    const images = new Set(serviceNames.map((name) => service(name).image));

    expect(commands).toEqual(serviceNames.map((name) => `apps/${name}/dist/main.js`));
    expect(images.size).toBe(1);
  });

  it.each(serviceNames)('gives %s an environment that its schema takes', async (name: ServiceName) => {
    const schema = await configSchemaOf(name);

    const { success, error } = schema.safeParse(environmentOf(name));

    expect(error?.issues ?? []).toEqual([]);
    expect(success).toBe(true);
  });

  it.each(serviceNames)('gives %s no variable that it does not know', async (name: ServiceName) => {
    const schema = await configSchemaOf(name);

    const known = (variable: string) => variable in schema.shape || variable.startsWith(readByGlibc);
    const unknown = Object.keys(environmentOf(name)).filter((variable) => !known(variable));

    expect(unknown).toEqual([]);
  });

  it('gives each service its own NATS user and its own MongoDB user and database', () => {
    for (const name of serviceNames) {
      const { NATS_USER, NATS_PASSWORD, MONGODB_URL = '' } = environmentOf(name);

      expect(NATS_USER).toBe(name);
      expect(NATS_PASSWORD).toBe(values[`NATS_${name.toUpperCase()}_PASSWORD`]);
      if (name === 'gateway') expect(MONGODB_URL).toBe('');
      else {
        const url = new URL(MONGODB_URL);
        expect([url.username, url.password]).toEqual([name, values[`MONGODB_${name.toUpperCase()}_PASSWORD`]]);
        expect([url.pathname, url.searchParams.get('authSource')]).toEqual([`/${name}`, name]);
        expect(service('mongodb').command).toContain(`--replSet=${url.searchParams.get('replicaSet')}`);
      }
    }
  });

  it('hands the passwords that services use to the servers', async () => {
    const wantedByNats = [...(await textOf('docker/nats.conf')).matchAll(/password: \$(\w+)/g)].map(([, name]) => name);
    const setUp = environmentOf('mongodb-setup');

    expect(Object.keys(environmentOf('nats')).sort()).toEqual([...new Set(wantedByNats)].sort());
    for (const name of ['auth', 'import', 'export', 'records']) {
      expect(environmentOf(name).MONGODB_URL).toContain(`:${setUp[`MONGODB_${name.toUpperCase()}_PASSWORD`]}@`);
    }
  });

  it('mounts docker/nats.conf, and nothing else of the workspace', () => {
    const mounts = Object.values(file.services).flatMap(({ volumes = [] }) => volumes);
    const ofWorkspace = mounts.filter((mount) => mount.startsWith('.'));
    const named = mounts.filter((mount) => !mount.startsWith('.')).map((mount) => mount.split(':')[0]);

    expect(ofWorkspace).toEqual(['./docker/nats.conf:/etc/nats/nats.conf:ro']);
    expect(service('nats').command).toEqual(['--config', '/etc/nats/nats.conf']);
    expect([...new Set(named)].sort()).toEqual(Object.keys(file.volumes).sort());
  });

  it('publishes the gateway alone, to this machine alone', () => {
    const published = Object.entries(file.services).filter(([, { ports }]) => ports !== undefined);

    expect(published.map(([name]) => name)).toEqual(['gateway']);
    expect(service('gateway').ports?.map((port) => interpolate(port, values))).toEqual(['127.0.0.1:3000:3000']);
    expect(environmentOf('gateway')).toMatchObject({ KEYPORT_HOST: '0.0.0.0', KEYPORT_PORT: '3000' });
  });

  it('checks the health of everything that stays up, with scripts that exist', () => {
    for (const name of [...serviceNames, 'mongodb', 'nats']) {
      const [, ...command] = service(name).healthcheck?.test ?? [];
      const script = command.find((part) => part.startsWith('docker/'));

      expect(command.length).toBeGreaterThan(1);
      if (script) expect(existsSync(join(workspaceRoot, script))).toBe(true);
      if (script?.endsWith('service.mjs')) expect(command).toContain(name);
    }
  });

  it('starts each service after what it needs, and waits for what is there', () => {
    for (const name of serviceNames)
      expect(service(name).depends_on).toMatchObject({ nats: { condition: 'service_healthy' } });
    for (const { depends_on = {} } of Object.values(file.services)) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const isHealthy = condition === 'service_healthy' && service(needed).healthcheck !== undefined;
        expect([needed, isHealthy || condition === 'service_completed_successfully']).toEqual([needed, true]);
      }
    }
  });

  it('takes every secret from the environment and insists on it', async () => {
    const variables = await variablesOfCompose();
    const literals = Object.entries(file.services).flatMap(([name, { environment = {} }]) =>
      Object.entries(environment)
        .filter(([variable, value]) => isSecret(variable) && !/^\$\{\w+:\?[^}]+\}$/.test(String(value)))
        .map(([variable]) => `${name}: ${variable}`),
    );

    expect(literals).toEqual([]);
    expect([...variables].filter(([name, { isRequired }]) => isSecret(name) && !isRequired)).toEqual([]);
  });

  it('takes the variables of .env.example, which holds no secret', async () => {
    const example = await exampleEnvironment();

    expect(Object.keys(example).sort()).toEqual([...(await variablesOfCompose()).keys()].sort());
    expect(Object.entries(example).filter(([name, value]) => isSecret(name) !== (value === ''))).toEqual([]);
  });

  (hasCompose ? it : it.skip)('is what docker compose accepts (skipped where there is no docker compose)', () => {
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], {
      cwd: workspaceRoot,
      env: { ...process.env, ...values },
      encoding: 'utf8',
    });

    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
