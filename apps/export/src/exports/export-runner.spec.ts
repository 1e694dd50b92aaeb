import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { CallerVerifier } from '@keyport/access';
import { ExportRunner } from './export-runner.service.ts';
import type { ExportSettings } from './export-settings.ts';
import type { ExportWriter } from './export-writer.service.ts';
import { LeaseLost } from './lease-lost.ts';
import type { ClaimedExport, RunsRepository } from './runs.repository.ts';

const settings = { concurrency: 4, leaseMs: 60_000, pollMs: 60_000 } as ExportSettings;

/** A process that claims one export twice, as it does when it stood still for longer than its lease. */
function claimingTwice() {
  const claims = [1, 2].map((fence) => ({ _id: 'one', fence }) as ClaimedExport);
  const released: number[] = [];
  const signals: AbortSignal[] = [];
  const runs = {
    claim: async () => claims.shift() ?? null,
    release: async ({ fence }: ClaimedExport) => released.push(fence),
  } as unknown as RunsRepository;
  const writer = {
    write: (_run: ClaimedExport, signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
  } as unknown as ExportWriter;
  return { released, signals, runner: new ExportRunner(runs, writer, {} as CallerVerifier, settings) };
}

async function untilHeldTwice({ runner, signals }: ReturnType<typeof claimingTwice>): Promise<void> {
  runner.onApplicationBootstrap();
  while (signals.length < 2) await setImmediate();
  // What the first one leads to when it ends is over.
  await setImmediate();
}

describe('a process that takes up an export which it held before', () => {
  it('stops the first time, and knows of the second one when the export is cancelled', async () => {
    const process = claimingTwice();
    await untilHeldTwice(process);
    const [first, second] = process.signals;

    const before = [first?.aborted, second?.aborted];
    process.runner.stop('one');

    expect(before).toEqual([true, false]);
    expect([first, second].map((signal) => signal?.reason as unknown)).toEqual(Array(2).fill(expect.any(LeaseLost)));
    await process.runner.onModuleDestroy();
  });

  it('hands the lease back when it ends', async () => {
    const process = claimingTwice();
    await untilHeldTwice(process);

    await process.runner.onModuleDestroy();

    expect(process.released).toEqual([2]);
  });
});
