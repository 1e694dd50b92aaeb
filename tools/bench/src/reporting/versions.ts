import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type { MongoClient } from 'mongodb';

/** Packages that data or calls pass through, each as the workspace that matters has it. */
const packages = [
  ['apps/gateway', '@nestjs/core'],
  ['apps/gateway', 'fastify'],
  ['apps/gateway', 'jose'],
  ['apps/gateway', '@nats-io/transport-node'],
  ['apps/import', '@nats-io/jetstream'],
  ['apps/records', 'mongodb'],
  ['apps/records', 'bson'],
  ['apps/records', 'mongoose'],
  ['tools/bench', 'mongodb'],
  ['tools/bench', 'autocannon'],
  ['tools/bench', 'express'],
  ['tools/bench', 'passport-jwt'],
  ['tools/bench', 'udsv'],
] as const;

export type Versions = readonly (readonly [name: string, version: string])[];

export async function readVersions(root: string, client: MongoClient, natsUrl: string): Promise<Versions> {
  const { version: mongod } = (await client.db('admin').command({ buildInfo: 1 })) as unknown as { version: string };
  const lock = JSON.parse(await readFile(`${root}/package-lock.json`, 'utf8')) as Lock;
  return [
    ['Keyport', await readCommit(root)],
    ['Node', process.versions.node],
    ['mongod', `${mongod} (replica set of one)`],
    ['nats-server', await readNatsVersion(natsUrl)],
    ...packages.map(([workspace, name]) => [`${name} (${workspace})`, installed(lock, workspace, name)] as const),
  ];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

const installed = ({ packages: all }: Lock, workspace: string, name: string): string =>
  (all[`${workspace}/node_modules/${name}`] ?? all[`node_modules/${name}`])?.version ?? 'unknown';

/** The server's first line is `INFO {"version": …}` (NATS client protocol). */
async function readNatsVersion(natsUrl: string): Promise<string> {
  const { hostname, port } = new URL(natsUrl);
  const socket = connect(Number(port), hostname);
  try {
    const [info] = (await once(socket, 'data')) as [Buffer];
    return /"version":\s*"([^"]+)"/.exec(info.toString('utf8'))?.[1] ?? 'unknown';
  } finally {
    socket.destroy();
  }
}

async function readCommit(root: string): Promise<string> {
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: root });
  try {
    const { stdout: commit } = await git('rev-parse', '--short=12', 'HEAD');
    const { stdout: changes } = await git('status', '--porcelain', '--', 'apps', 'libs', 'tools', 'package-lock.json');
    return `commit ${commit.trim()}${changes === '' ? '' : ' with changes that are not committed'}`;
  } catch {
    return 'outside a repository';
  }
}
