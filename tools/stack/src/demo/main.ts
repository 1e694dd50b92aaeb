// npm run demo: a real stack in a folder and on ports of its own, two real files there and back through REST.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson } from '../home/json-file.ts';
import { untilToldToEnd } from '../supervisor/ending.ts';
import { startStack, type Stack } from '../supervisor/start-stack.ts';
import { makeJourney, type Measured } from './journey.ts';
import { RestClient } from './rest-client.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

async function demo(home: string, signal: AbortSignal): Promise<void> {
  let stack: Stack | undefined;
  try {
    const startedAt = performance.now();
    stack = await startStack({ home, port: 0, log: say, signal });
    const { gatewayUrl } = stack.describe();
    say(`Keyport is ready on ${gatewayUrl} after ${seconds(performance.now() - startedAt)}`);
    const owner = await readJson<{ token: string }>(join(home, 'owner.json'));
    if (!owner) throw new Error('auth left no owner.json');
    summarize(await makeJourney(new RestClient(gatewayUrl, owner.token, signal), say));
  } finally {
    await stack?.stop();
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

function summarize(measured: readonly Measured[]): void {
  say('');
  for (const { what, rows, ms } of measured) {
    const rate = Math.round(rows / (ms / 1_000));
    say(
      `${what.padEnd(28)} ${String(rows).padStart(7)} rows ${seconds(ms).padStart(8)} ${String(rate).padStart(8)} rows/s`,
    );
  }
}

const home = await mkdtemp(join(tmpdir(), 'keyport-demo-'));
const ending = new AbortController();
void untilToldToEnd().then(() => ending.abort(new Error('it was told to end')));
try {
  await demo(home, ending.signal);
  await rm(home, { recursive: true, force: true });
  say('The demo did all it promised.');
  process.exit(0);
} catch (error) {
  const reason = ending.signal.aborted ? 'it was told to end' : error instanceof Error ? error.message : String(error);
  if (ending.signal.aborted) await rm(home, { recursive: true, force: true });
  say(`The demo failed: ${reason}${ending.signal.aborted ? '' : ` (logs: ${join(home, 'logs')})`}`);
  process.exit(1);
}
