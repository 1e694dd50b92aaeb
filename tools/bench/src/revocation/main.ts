import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSection } from '../reporting/kept-section.ts';
import { readMachine } from '../reporting/machine.ts';
import { readRevocationParameters } from './parameters.ts';
import { delayTable, entriesTable, revocationSection } from './report.ts';
import { runRevocation } from './run-revocation.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const log = (line: string) => process.stderr.write(`${line}\n`);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));
}

try {
  const parameters = readRevocationParameters(process.argv.slice(2));
  const machine = readMachine();
  const { figures, versions } = await runRevocation(parameters, { root, signal: ending.signal, log });
  const out = join(root, parameters.out);
  const page = await readFile(out, 'utf8').catch(() => '');
  const section = revocationSection(figures, { parameters, machine, versions, date: new Date() });
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, withSection(page, 'Revocation', section));
  process.stdout.write(`\n${delayTable(figures)}\n\n${entriesTable(figures)}\n\nwritten to ${parameters.out}\n`);
  process.exitCode = 0;
} catch (error) {
  const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
  log(`no figures: ${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = 1;
}
