import type { Parameters } from '../parameters.ts';
import type { DataFile } from '../data-file.ts';
import type { Outcome } from '../run-bench.ts';
import type { Machine } from './machine.ts';
import { eventsTable } from './events-table.ts';
import {
  hasFiles,
  latencyTable,
  processTable,
  scalingTable,
  requestTable,
  throughputTable,
  tokenTable,
  type Figures,
} from './result-tables.ts';
import { firstByteTable } from './first-byte-table.ts';
import { proofTable } from './proof-table.ts';
import { markdownTable } from './table.ts';
import type { Versions } from './versions.ts';

export interface Conditions {
  readonly parameters: Parameters;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly date: Date;
  readonly files: Outcome['files'];
}

/** The tables of figures alone, as the terminal shows them. */
export function figureTables(figures: Figures): string[] {
  return [
    ...(hasFiles(figures) ? [throughputTable(figures)] : []),
    ...(figures.firstBytes ? [firstByteTable(figures.firstBytes)] : []),
    ...(figures.scaled ? [scalingTable(figures)] : []),
    ...(figures.me ? [requestTable(figures.me)] : []),
    ...(figures.latency ? [latencyTable(figures.latency)] : []),
    ...(figures.proofs ? [proofTable(figures.proofs)] : []),
    ...(figures.auth ? [tokenTable(figures.auth)] : []),
    ...(figures.events ? [eventsTable(figures.events)] : []),
    ...(hasFiles(figures) || figures.me || figures.events ? [processTable(figures)] : []),
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
      "earlier work left it with), and median CPU time. Floors are figures on the way to the design's goals; " +
      'the benchmark marks them and never fails because of them.',
    '## What is measured',
    method(conditions),
    '## Machine and versions',
    conditionsTable(conditions),
    '## Again',
    `\`\`\`sh\n${command(parameters)}\n\`\`\``,
    'A short run while developing, and where the time of one service goes (its CPU profile, by function):',
    '```sh\nnpm run bench -- --rows 100000 --rounds 1\nnpm run bench -- --rows 100000 --profile import\n```',
    'How time and memory grow with the rows, and with files of 5 GB:',
    '```sh\nnpm run bench -- --parts import,csv,export,csv-export,file --rows 100000 --rounds 1 --scale 10\n' +
      'npm run bench -- --parts import,export,file --megabytes 500 --rounds 1 --scale 10\n```',
  ].join('\n\n')}\n`;
}

const command = ({ rows, megabytes, scale, rounds, seed, parts }: Parameters): string => {
  const size = megabytes === undefined ? `--rows ${rows}` : `--megabytes ${megabytes}`;
  const larger = scale === 1 ? '' : ` --scale ${scale}`;
  return `npm run bench -- ${size}${larger} --rounds ${rounds} --seed ${seed} --parts ${parts.join(',')}`;
};

function method({ parameters: { seed }, files: { ndjson, csv } }: Conditions): string {
  const file = ndjson ?? csv;
  const texts = [...(ndjson ? [fileText('NDJSON', ndjson)] : []), ...(csv ? [fileText('CSV', csv)] : [])];
  return [
    ...(file ? dataMethod(file.rows, seed, texts.join('; ')) : []),
    ...meMethod,
    '- Load, services, mongod and nats-server share the cores: the figures compare, they do not say what separate machines would do.',
  ].join('\n');
}

const meMethod = [
  '- **me**: `GET /v1/auth/me` with an API key, autocannon over 64 keep-alive connections. The **bare Fastify** route answers the very same JSON from an object and does nothing else. The **classical** server is Express 5 with passport-jwt (ES256 as Keyport signs, its key a `KeyObject` made once, so that no request parses it) and one `findById().lean()` of mongoose a request, on the same mongod. One process each, `NODE_ENV=production`, asked in turns in the same run. For the first two the generator polls for answers on a core of its own: one that sleeps has to be woken by each write, at the cost of the server. The classical server gets one that sleeps, since its mongod needs that core.',
  "- **Added by authentication**: a public and an authenticated route of the same gateway, in turns of a second, from 64 clients that wait a random time between requests, at three tenths of the rate that `me` reaches: a server that is asked for all it can makes requests wait for one another, and that wait is the load's, not authentication's. Latency is from sending to the end of the answer.",
  '- **Proofs**: the same route by an OAuth 2 client, first with a token that is bound to nothing, then with one that is bound to a P-256 key and with a DPoP proof of its own for each request, all made before the clock starts. The gateway checks its signature and asks nats-server, which keeps it on disk, whether it was shown before. The limit of proofs of one holder is lifted.',
  '- **Events**: CloudEvents of about 430 bytes, published by a process of its own in atomic batches of 500, four at once, from the first publishing until the dataset holds all of them; up to 200,000. The **bare** side is a consumer of a stream of the same kind, `JSON.parse`, `bulkWrite` of 1,000 upserts and acknowledgement after it: no checks, and nothing that remembers which event was written. Published one by one each event costs nats-server a flush to disk of its own (`sync_interval: always`), so that the disk decides.',
  '- **Tokens**: 10,000 distinct tokens a round, signed offline with a registered P-256 key; the gateway has never seen them. Then the same again. One signature check is `compactVerify` of jose and nothing else, in a process of its own. The flood are copies of a valid token with random signatures, each refused after its signature was checked: the limit of requests without a good token an address, which would end the flood sooner, is lifted for it.',
];

const fileText = (format: string, { bytes, rows }: DataFile): string =>
  `${(bytes / 1e6).toFixed(1)} MB as ${format}, ${Math.round(bytes / rows)} bytes a row`;

const dataMethod = (rows: number, seed: number, texts: string): string[] => [
  `- One run, one machine, one mongod: ${rows.toLocaleString('en')} generated orders (seed ${seed}; nesting, Unicode, numbers of all kinds, a date), ${texts}. Both sides take and give the file over HTTP from and to the same client, a process of its own. Time is from before the connection to the end of the response.`,
  '- **Keyport** is the whole stack as `npm start` runs it, one process a service, used with an API key of two scopes; an import ends when its rows are committed (`Prefer: wait`), an export is `GET /v1/datasets/{name}/records`.',
  '- **Bare import**: `node:http` and the driver, `JSON.parse` a line, the one date revived by name, `insertMany` of 1000 with 4 in flight, `w: majority` and `journal: true` as Keyport writes. No token, no checks, no rejected rows, no protection against doubles.',
  '- **CSV**: the same orders with one line each, in eleven columns, one of them quoted. Keyport is told the types by the header (`types=header`). The bare script is the same, fed by uDSV, which with papaparse was the fastest of five CSV libraries that take a stream; it knows its columns and converts each by its place.',
  '- **Bare export**: `node:http` and the driver, `find()` and `JSON.stringify` a row, lines joined to 64 KiB before they are written. As CSV: the same with `csv-stringify`, 500 rows a call, of what the CSV import stored; Keyport is told the columns by `fields`.',
  '- **Export as a file**: `POST …/exports`, asked every 20 ms whether it is complete, then `…/file`; time is from before the POST to the end of the download. It is compared with the stream of the bare script, which keeps nothing.',
  '- **First byte**: from before the connection until the first byte of the body, of the dataset with all rows, one request after the other, each broken off then. Not among them, as they cannot begin at once: a sort that no index gives, and CSV of all columns that occur.',
  '- The bare scripts live as long as the stack, so that both are warm, after a small import and export that do not count. Rounds alternate: Keyport, bare, Keyport, bare. Before each run mongod writes a checkpoint (`fsync`), so that none pays for the one before it.',
  '- After each import every row is read back and compared with the file; every timed export has the checksum of one that was read row by row and compared with the file. A run that is not right ends the benchmark without figures.',
  '- mongoimport and mongoexport do not come with the servers that this project starts, so they are not compared.',
];

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
