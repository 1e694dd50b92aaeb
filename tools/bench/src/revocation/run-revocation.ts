import { TestStack } from '@keyport/testing';
import { MongoClient } from 'mongodb';
import { readVersions, type Versions } from '../reporting/versions.ts';
import { storeRevocations } from './many-entries.ts';
import type { RevocationParameters } from './parameters.ts';
import { revokingRounds, type RevokingTimes } from './revoking-rounds.ts';
import { StackTimes, type RestartFigures } from './stack-times.ts';

/** With one number of revocations on the bus. */
export interface EntriesFigures {
  readonly entries: number;
  readonly auth: RestartFigures;
  readonly gateway: RestartFigures;
  /** Seconds from an emptied bucket to a whole one. */
  readonly rebuildSeconds: number;
  readonly times: RevokingTimes;
}

export interface RevocationOutcome {
  readonly figures: readonly EntriesFigures[];
  readonly versions: Versions;
}

export interface Surroundings {
  readonly root: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Starts a stack, measures with what a new deployment has and then with many entries, and leaves nothing behind. */
export async function runRevocation(
  { rounds, gateways, entries }: RevocationParameters,
  { root, signal, log }: Surroundings,
): Promise<RevocationOutcome> {
  const endings: (() => Promise<unknown>)[] = [];
  try {
    log(`starting a stack with ${gateways} gateways`);
    const stack = await TestStack.start({ replicas: `gateway=${gateways}` });
    endings.push(() => stack.stop());
    const { mongodbUrl, natsAddress } = await stack.describe();
    const client = await MongoClient.connect(mongodbUrl);
    endings.push(() => client.close());
    const stackTimes = await StackTimes.of(stack);
    endings.push(() => stackTimes.close());

    const measure = async (count: number): Promise<EntriesFigures> => {
      log(`${count} revocations: the bucket is filled, emptied and rebuilt`);
      const rebuildSeconds = await stackTimes.rebuild(count);
      log(`${count} revocations: rebuilt in ${rebuildSeconds.toFixed(1)} s; auth and gateway start again`);
      const [auth, gateway] = [await stackTimes.restartAuth(), await stackTimes.restartGateway()];
      const { gatewayUrls } = await stack.describe();
      const place = { gatewayUrls, ownerToken: stack.owner.token, signal };
      log(`${count} revocations: ${rounds} keys are revoked`);
      await revokingRounds(place, Math.min(20, rounds));
      return { entries: count, auth, gateway, rebuildSeconds, times: await revokingRounds(place, rounds) };
    };
    const figures = [await measure(0)];
    if (entries > 0) {
      log(`storing ${entries} revocations`);
      await storeRevocations(client, entries, signal);
      figures.push(await measure(entries));
    }
    return { figures, versions: await readVersions(root, client, natsAddress) };
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
