import { join, resolve } from 'node:path';
import { readStackConfig, type StackConfig } from './config.ts';
import { startDev } from './supervisor/start-dev.ts';
import { curlLines } from './supervisor/curl-lines.ts';
import { startStack, type Stack } from './supervisor/start-stack.ts';
import { untilToldToEnd } from './supervisor/ending.ts';

/** Longer than a stack may take to end; the guard process ends what is still there. */
const hardEndMs = 9_500;

const log = (line: string) => process.stderr.write(`${line}\n`);

const launchers: Record<
  string,
  (config: StackConfig, signal: AbortSignal) => Promise<Pick<Stack, 'describe' | 'stop'>>
> = {
  start: (config, signal) => startStack({ ...config, log, signal }),
  dev: (config, signal) => startDev({ ...config, log, signal }),
};

const ending = new AbortController();

async function main(command = 'start'): Promise<void> {
  const launch = launchers[command];
  if (!launch) throw new Error(`unknown command ${command}: start, dev`);
  const config = readStackConfig(process.env);
  const told = untilToldToEnd().then(() => {
    ending.abort();
    setTimeout(() => process.exit(1), hardEndMs).unref();
  });
  const stack = await launch(config, ending.signal);
  announce(stack.describe().gatewayUrl, config);
  await told;
  log('Keyport is ending');
  await stack.stop();
}

function announce(gatewayUrl: string, { home }: StackConfig): void {
  const ownerFile = resolve(home, 'owner.json');
  const lines = [
    `Keyport is ready on ${gatewayUrl}`,
    `(owner: ${ownerFile}; docs: ${gatewayUrl}/docs; logs: ${join(home, 'logs')}; Ctrl-C ends it)`,
    '',
    ...curlLines(gatewayUrl, ownerFile),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

try {
  await main(process.argv[2]);
  process.exit(0);
} catch (error) {
  // Told to end while it started: what fails then is only the start breaking off.
  if (!ending.signal.aborted) log(error instanceof Error ? error.message : String(error));
  process.exit(ending.signal.aborted ? 0 : 1);
}
