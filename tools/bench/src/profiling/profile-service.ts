import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Laboratory } from '../measuring/rounds.ts';
import { markdownTable } from '../reporting/table.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { hotFunctions } from './hot-functions.ts';
import { InspectedProcess } from './inspected-process.ts';
import { SourcePlaces } from './source-places.ts';

const shownFunctions = 30;

type ServiceName = 'gateway' | 'auth' | 'import' | 'export' | 'records';

/**
 * Gives an `around` that profiles the service's first process in each timed phase, prints the functions that took most
 * time, and leaves the `.cpuprofile` (for the browser's developer tools) in `<root>/tmp/profiles`.
 */
export async function profileAround(
  { stack }: KeyportSide,
  service: ServiceName,
  root: string,
  print: (text: string) => void,
): Promise<Laboratory['around']> {
  const [pid] = (await stack.describe()).processes[service];
  if (pid === undefined) throw new Error(`no process of ${service} runs`);
  const inspected = await InspectedProcess.of(pid, join(stack.home, 'logs', `${service}-1.log`));
  const places = new SourcePlaces(root, join(root, 'apps', service, 'dist', 'main.js'));
  const folder = join(root, 'tmp', 'profiles');
  await mkdir(folder, { recursive: true });
  return async (label, work) => {
    const { result, profile } = await inspected.profiled(work);
    const file = join(folder, `${label}-${service}.cpuprofile`);
    await writeFile(file, JSON.stringify(profile));
    const rows = hotFunctions(profile, shownFunctions).map(({ name, place, selfMs, share }) => [
      ...[selfMs.toFixed(0), (share * 100).toFixed(1), name, places.of(place)],
    ]);
    const title = `${service} during ${label} (${relative(root, file)})`;
    const columns = [
      { title: 'self ms', align: 'right' },
      { title: '%', align: 'right' },
      { title: 'function' },
    ] as const;
    print(`\n${title}\n\n${markdownTable([...columns, { title: 'where' }], rows)}\n`);
    return result;
  };
}
