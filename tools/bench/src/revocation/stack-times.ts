import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { completionMarker, type TestStack } from '@keyport/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { kilobytesIn } from '../measuring/process-watch.ts';

const stream = 'KV_revocations';
const lookEveryMs = 20;
const patienceMs = 15 * 60_000;

export interface Footprint {
  /** Resident memory some seconds after the start, and its peak until then; 10^6 bytes. */
  readonly residentMb: number;
  readonly peakMb: number;
}

export interface RestartFigures extends Footprint {
  readonly seconds: number;
}

/** What a stack does when its processes are killed and its bus is emptied. */
export class StackTimes {
  private constructor(
    private readonly stack: TestStack,
    private readonly bus: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {}

  static async of(stack: TestStack): Promise<StackTimes> {
    const url = new URL((await stack.describe()).natsUrls['admin-auth']);
    const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const bus = await connect({ servers: url.host, user, pass, inboxPrefix: '_INBOX.admin-auth' });
    return new StackTimes(stack, bus, await jetstreamManager(bus, { checkAPI: false }));
  }

  close(): Promise<void> {
    return this.bus.close();
  }

  /** Seconds from the purge of the bucket until auth has marked it complete again; waits until it holds all entries. */
  async rebuild(entries: number): Promise<number> {
    await secondsUntil(async () => (await this.manager.streams.info(stream)).state.messages > entries);
    await this.untilMarked();
    await this.manager.streams.purge(stream);
    return this.untilMarked();
  }

  private async untilMarked(): Promise<number> {
    const last_by_subj = `$KV.revocations.${completionMarker}`;
    return secondsUntil(async () => (await this.manager.streams.getMessage(stream, { last_by_subj })) !== null);
  }

  /** Seconds from the kill of auth until it answers again, its projections compared with the bus. */
  async restartAuth(): Promise<RestartFigures> {
    const { client } = this.stack;
    return this.restart('auth', async () => (await client.request('/v1/revocations?limit=1')).status === 200);
  }

  /** Seconds from the kill of the first gateway until it is ready, all revocations read. */
  async restartGateway(): Promise<RestartFigures> {
    const url = new URL('/health/ready', this.stack.gatewayUrl);
    return this.restart('gateway', async () => (await fetch(url)).status === 200);
  }

  private async restart(name: 'auth' | 'gateway', isReady: () => Promise<boolean>): Promise<RestartFigures> {
    const { processes } = await this.stack.describe();
    const [before = 0] = processes[name];
    process.kill(before, 'SIGKILL');
    let pid: number | undefined;
    const seconds = await secondsUntil(async () => {
      pid = (await this.stack.describe()).processes[name][0];
      return pid !== undefined && pid !== before && (await isReady());
    });
    return { seconds, ...(await footprintOf(pid ?? 0)) };
  }
}

/** Once the process has come to rest. */
async function footprintOf(pid: number): Promise<Footprint> {
  await delay(3_000);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: 'VmRSS' | 'VmHWM') => (kilobytesIn(status, field) * 1024) / 1e6;
  return { residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

async function secondsUntil(holds: () => Promise<boolean>): Promise<number> {
  const begun = performance.now();
  while (!(await holds().catch(() => false))) {
    if (performance.now() - begun > patienceMs) throw new Error(`it took longer than ${patienceMs / 1000} s`);
    await delay(lookEveryMs);
  }
  return (performance.now() - begun) / 1000;
}
