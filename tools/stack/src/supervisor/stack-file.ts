import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceNames, type ServiceName, type ToolUser } from '@keyport/contracts';
import { writeJson } from '../home/json-file.ts';
import type { Servers } from '../servers/start-servers.ts';

/** `<home>/stack.json`: how tools find a running stack. */
export interface StackDescription {
  readonly gatewayUrl: string;
  /** All gateways, `gatewayUrl` the first. */
  readonly gatewayUrls: readonly string[];
  /** An administrator's address. */
  readonly mongodbUrl: string;
  /** With the user and password of the tools' user in each account that has streams. */
  readonly natsUrls: Readonly<Record<ToolUser, string>>;
  /** The same without them, for those who connect with a Keyport key. */
  readonly natsAddress: string;
  /** Running processes; a server that is given by configuration has none. */
  readonly processes: Readonly<Record<ServiceName | 'mongod' | 'nats', readonly number[]>>;
}

export function describeStack(
  urls: readonly string[],
  { mongodbUrl, natsUrl, natsAdminOf, processes }: Servers,
  pidsOf: (app: ServiceName) => readonly number[],
): StackDescription {
  const toolsUrl = (tool: ToolUser) => {
    const { user, password } = natsAdminOf(tool);
    return Object.assign(new URL(natsUrl), { username: user, password }).href;
  };
  const pids = serviceNames.map((app) => [app, pidsOf(app)] as const);
  return {
    gatewayUrl: urls[0] ?? '',
    gatewayUrls: urls,
    mongodbUrl,
    natsUrls: { 'admin-auth': toolsUrl('admin-auth'), 'admin-import': toolsUrl('admin-import') },
    natsAddress: natsUrl,
    processes: {
      ...(Object.fromEntries(pids) as Record<ServiceName, number[]>),
      mongod: [processes.mongod?.pid ?? []].flat(),
      nats: [processes.nats?.pid ?? []].flat(),
    },
  };
}

/** Keeps the file current; changes that come while it is written are written together. */
export class StackFile {
  readonly path: string;
  readonly #describe: () => StackDescription;
  #writing: Promise<void> | undefined;
  #isStale = false;
  #isRemoved = false;

  constructor(home: string, describe: () => StackDescription) {
    this.path = join(home, 'stack.json');
    this.#describe = describe;
  }

  /** Resolves once the file holds the present state. */
  update(): Promise<void> {
    this.#isStale = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Takes the file away; what changes from now on is not written. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.#writing;
    await rm(this.path, { force: true });
  }

  async #writeAll(): Promise<void> {
    while (this.#isStale && !this.#isRemoved) {
      this.#isStale = false;
      await writeJson(this.path, this.#describe());
    }
  }
}
