import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readParameters } from './parameters.ts';
import { sectionOf, withSection } from './reporting/kept-section.ts';
import { readMachine } from './reporting/machine.ts';
import { figureTables, reportPage } from './reporting/report.ts';
import { runBench } from './run-bench.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const log = (line: string) => process.stderr.write(`${line}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));
}

try {
  const parameters = readParameters(process.argv.slice(2), process.env);
  const machine = readMachine();
  const { figures, versions, files } = await runBench(parameters, { root, signal: ending.signal, log, print });
  if (parameters.profile === undefined) {
    const page = reportPage(figures, { parameters, machine, versions, files, date: new Date() });
    const out = join(root, parameters.out);
    await mkdir(dirname(out), { recursive: true });
    // That of another tool (`bench:revocation`) stays.
    const other = sectionOf(await readFile(out, 'utf8').catch(() => ''), 'Revocation');
    await writeFile(out, other === undefined ? page : withSection(page, 'Revocation', other));
    print(`\n${figureTables(figures).join('\n\n')}\n\nwritten to ${parameters.out}`);
  }
  process.exitCode = 0;
} catch (error) {
  const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
  log(`no figures: ${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = 1;
}
