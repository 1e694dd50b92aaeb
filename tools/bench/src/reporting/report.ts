import type { Parameters } from '../parameters.ts';
import type { Machine } from './machine.ts';
import { processTable, requestTable, throughputTable, type Figures } from './result-tables.ts';
import { markdownTable } from './table.ts';
import type { Versions } from './versions.ts';

export interface Conditions {
  readonly parameters: Parameters;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly date: Date;
  readonly fileBytes: number;
}

/** The tables of figures alone, as the terminal shows them. */
export function figureTables(figures: Figures): string[] {
  return [
    ...(figures.import || figures.export ? [throughputTable(figures)] : []),
    ...(figures.me ? [requestTable(figures.me)] : []),
    processTable(figures),
  ];
}

/** The whole page. */
export function reportPage(figures: Figures, conditions: Conditions): string {
  const { parameters, date } = conditions;
  const { rounds } = parameters;
  return `${[
    '# Benchmarks',
    `Written by \`npm run bench\` on ${date.toISOString().slice(0, 10)}; run it again instead of editing this page.`,
    '## Figures',
    ...figureTables(figures),
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds with their extremes in parentheses`}. "Times its speed" ` +
      'compares the two runs of each round with each other and is then taken over the rounds: 2 is twice as fast as the ' +
      'bare script. Of each process: highest resident memory of all rounds (10^6 bytes; one that idles keeps what ' +
      'earlier work left it with), and median CPU time. Floors are the first figures that the project set out to ' +
      'reach; the benchmark marks them and never fails because of them.',
    '## What is measured',
    method(conditions),
    '## Machine and versions',
    conditionsTable(conditions),
    '## Again',
    `\`\`\`sh\n${command(parameters)}\n\`\`\``,
    'A short run while developing, and where the time of one service goes (its CPU profile, by function):',
    '```sh\nnpm run bench -- --rows 100000 --rounds 1\nnpm run bench -- --rows 100000 --profile import\n```',
  ].join('\n\n')}\n`;
}

const command = ({ rows, rounds, seed, parts }: Parameters): string =>
  `npm run bench -- --rows ${rows} --rounds ${rounds} --seed ${seed} --parts ${parts.join(',')}`;

const method = ({ parameters: { rows, seed }, fileBytes }: Conditions): string =>
  [
    `- One run, one machine, one mongod: ${rows.toLocaleString('en')} generated orders (seed ${seed}; nesting, Unicode, numbers of all kinds, a date), ${(fileBytes / 1e6).toFixed(1)} MB as NDJSON, ${Math.round(fileBytes / rows)} bytes a row. Both sides take and give the file over HTTP from and to the same client, a process of its own. Time is from before the connection to the end of the response.`,
    '- **Keyport** is the whole stack as `npm start` runs it, one process a service, used with an API key of two scopes; an import ends when its rows are committed (`Prefer: wait`), an export is `GET /v1/datasets/{name}/records`.',
    '- **Bare import**: `node:http` and the driver, `JSON.parse` a line, the one date revived by name, `insertMany` of 1000 with 4 in flight, `w: majority` and `journal: true` as Keyport writes. No token, no checks, no rejected rows, no protection against doubles.',
    '- **Bare export**: `node:http` and the driver, `find()` and `JSON.stringify` a row, lines joined to 64 KiB before they are written.',
    '- The bare scripts live as long as the stack, so that both are warm, after a small import and export that do not count. Rounds alternate: Keyport, bare, Keyport, bare. Before each run mongod writes a checkpoint (`fsync`), so that none pays for the one before it.',
    '- After each import every row is read back and compared with the file; every timed export has the checksum of the compared one. A run that is not right ends the benchmark without figures.',
    '- mongoimport and mongoexport do not come with the servers that this project starts, so they are not compared.',
    '- Load, services, mongod and nats-server share the cores: the figures compare, they do not say what separate machines would do.',
  ].join('\n');

const conditionsTable = ({ machine, versions }: Conditions): string => {
  const { cpu, cores, memoryGb, kernel, load } = machine;
  // More than that before the start, and other work took a part of the cores.
  const quiet = load < cores * 0.25 ? 'quiet' : '**not quiet: other work ran, take the figures with care**';
  return markdownTable(
    [{ title: '' }, { title: '' }],
    [
      ['CPU', `${cpu}, ${cores} cores`],
      ['Memory', `${memoryGb.toFixed(1)} GB`],
      ['Kernel', kernel],
      ['Load before the start', `${load.toFixed(2)} (${quiet})`],
      ...versions,
    ],
  );
};
