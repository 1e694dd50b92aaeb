// Ends a stack's processes when its launcher is gone, however it went: the launcher holds the other end of stdin,
// and the kernel closes that pipe even after SIGKILL. Run by Node as it is (types are stripped), so erasable syntax only.
import { createInterface } from 'node:readline';
import { endProcesses, isRunning, launcherVariable, processesWith, startTimeOf } from './process-table.ts';

const launcher = process.argv[2];
const graceMs = 5_000;
const watched = new Map<number, string>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const left = () => [
  ...new Set([
    ...[...watched].filter(([pid, startTime]) => isRunning(pid, startTime)).map(([pid]) => pid),
    ...processesWith((env) => env.get(launcherVariable) === launcher),
  ]),
];

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, text] = line.split(' ');
  const pid = Number(text);
  const startTime = startTimeOf(pid);
  if (verb === 'watch' && startTime !== undefined) watched.set(pid, startTime);
  if (verb === 'forget') watched.delete(pid);
}
await endProcesses(left, graceMs);
