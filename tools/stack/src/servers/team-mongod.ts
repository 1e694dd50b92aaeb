import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import { freePort } from '../home/ports.ts';
import { findMongod } from './mongod.ts';
import { becomeReplicaSet, replicaSetName } from './replica-set.ts';
import { listens, until } from './until.ts';

const readyWithinMs = 60_000;

interface TeamMongodOptions {
  readonly isStandalone?: boolean;
  readonly parameters?: readonly string[];
  readonly checkpointSeconds?: number;
}

/** For a test: a MongoDB deployment that is none of Keyport's, of one node and without users, in a folder of its own. */
export class TeamMongod {
  private child: ChildProcess | undefined;
  private exited: Promise<unknown> = Promise.resolve();
  private readonly client: MongoClient;

  private constructor(
    private readonly command: string,
    private readonly folder: string,
    readonly port: number,
    private readonly options: Required<TeamMongodOptions>,
  ) {
    this.client = new MongoClient(`mongodb://127.0.0.1:${port}`, { directConnection: true });
  }

  /** `parameters`: as `--setParameter` takes them. The oplog (64 MB) loses what is older than the last checkpoint. */
  static async start(options: TeamMongodOptions = {}): Promise<TeamMongod> {
    const folder = await mkdtemp(join(tmpdir(), 'keyport-team-'));
    const mongod = new TeamMongod(await findMongod(() => undefined), folder, await freePort(), {
      isStandalone: false,
      parameters: [],
      checkpointSeconds: 60,
      ...options,
    });
    await mongod.begin();
    return mongod;
  }

  /** Address of a database; the driver finds the set's primary by itself. */
  url(database: string): string {
    return `mongodb://127.0.0.1:${this.port}/${database}`;
  }

  /** A database, as the team uses it. */
  db(name: string): Db {
    return this.client.db(name);
  }

  /** Starts it, also again with what it held. Resolves once it takes writes. */
  async begin(): Promise<void> {
    const args = ['--dbpath', this.folder, '--port', String(this.port), '--bind_ip', '127.0.0.1', '--nounixsocket'];
    const set = this.options.isStandalone ? [] : ['--replSet', replicaSetName, '--oplogSize', '64'];
    const cache = ['--wiredTigerCacheSizeGB', '0.25', '--syncdelay', String(this.options.checkpointSeconds)];
    const parameters = this.options.parameters.flatMap((parameter) => ['--setParameter', parameter]);
    this.child = spawn(this.command, [...args, ...cache, ...parameters, ...set], {
      stdio: 'ignore',
      env: { LANG: 'C.UTF-8' },
    });
    this.exited = once(this.child, 'exit');
    const signal = AbortSignal.timeout(readyWithinMs);
    await until(() => listens(this.port), signal);
    if (!this.options.isStandalone) await becomeReplicaSet(this.client, `127.0.0.1:${this.port}`, signal);
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /** Ends it, and removes what it held. */
  async stop(): Promise<void> {
    await this.client.close();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
