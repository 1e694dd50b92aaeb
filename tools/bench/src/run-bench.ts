import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { writeDataFile, type DataFile, type DataSize, type FileFormat } from './data-file.ts';
import { latencyRounds } from './measuring/latency-rounds.ts';
import { requestRounds } from './measuring/request-rounds.ts';
import { drop, exportRounds, importRounds, type Laboratory, type Runs } from './measuring/rounds.ts';
import { spreadOf } from './measuring/statistics.ts';
import { tokenRounds } from './measuring/token-rounds.ts';
import { services, type Parameters } from './parameters.ts';
import { inspectableOptions } from './profiling/inspected-process.ts';
import { profileAround } from './profiling/profile-service.ts';
import type { Figures } from './reporting/result-tables.ts';
import { readVersions, type Versions } from './reporting/versions.ts';
import { BareSide } from './sides/bare-side.ts';
import { Comparisons } from './sides/comparisons.ts';
import { KeyportSide } from './sides/keyport-side.ts';

const warmUpRows = 20_000;

export interface Surroundings {
  readonly root: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly print: (text: string) => void;
}

export interface Outcome {
  readonly figures: Figures;
  readonly versions: Versions;
  /** Those that were needed. */
  readonly files: Partial<Readonly<Record<FileFormat, DataFile>>>;
}

/** Starts everything, measures, and leaves nothing behind, however it ends. */
export async function runBench(parameters: Parameters, around: Surroundings): Promise<Outcome> {
  const { log, signal, root } = around;
  const endings: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'keyport-bench-'));
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const files = await writeFiles(folder, parameters, around);
    log('starting the stack');
    const keyport = await KeyportSide.start(
      parameters.profile === undefined ? {} : { NODE_OPTIONS: inspectableOptions },
    );
    endings.push(() => keyport.stack.stop());
    const { mongodbUrl, natsUrl } = await keyport.stack.describe();
    const client = await MongoClient.connect(mongodbUrl);
    endings.push(() => client.close());
    const lab = await equip(parameters, around, keyport, { mongodbUrl, client }, endings);
    const start = () => Comparisons.start(keyport, { mongodbUrl, client }, signal);
    const others = parameters.parts.includes('me') && parameters.profile === undefined ? await start() : undefined;
    if (others) endings.push(() => others.stop());
    const figures = await measure(lab, { keyport, others }, parameters, { folder, files });
    return { figures, versions: await readVersions(root, client, natsUrl), files: written(files) };
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** What is measured, and what both sides are warmed up with. */
interface Files {
  readonly file: DataFile;
  readonly small: DataFile;
}

type FilesByFormat = Partial<Record<FileFormat, Files>>;

const written = (files: FilesByFormat): Outcome['files'] => ({
  ...(files.ndjson && { ndjson: files.ndjson.file }),
  ...(files.csv && { csv: files.csv.file }),
});

const formatsOf = ({ parts }: Parameters): FileFormat[] => [
  ...(parts.includes('import') || parts.includes('export') ? (['ndjson'] as const) : []),
  ...(parts.includes('csv') ? (['csv'] as const) : []),
];

async function writeFiles(
  folder: string,
  parameters: Parameters,
  { log, signal }: Surroundings,
): Promise<FilesByFormat> {
  const { seed } = parameters;
  const files: FilesByFormat = {};
  for (const format of formatsOf(parameters)) {
    log(`generating ${format} (seed ${seed})`);
    files[format] = {
      file: await writeDataFile(folder, format, sizeOf(parameters, 1), seed, signal),
      small: await writeDataFile(folder, format, { rows: warmUpRows }, seed + 1, signal),
    };
  }
  return files;
}

const sizeOf = ({ rows, megabytes }: Parameters, scale: number): DataSize => ({
  rows: rows * scale,
  bytes: megabytes && megabytes * scale * 1e6,
});

/** A profile needs Keyport alone: the bare scripts would only take its time. */
async function equip(
  { profile }: Parameters,
  { root, signal, log, print }: Surroundings,
  keyport: KeyportSide,
  { mongodbUrl, client }: { mongodbUrl: string; client: MongoClient },
  endings: (() => Promise<unknown>)[],
): Promise<Laboratory> {
  const settle = async () => void (await client.db('admin').command({ fsync: 1 }));
  const service = services.find((name) => name === profile);
  if (service) {
    const around = await profileAround(keyport, service, root, print);
    return { sides: [keyport], signal, log, settle, around };
  }
  const mongodPids = async () => (await keyport.processes()).mongod;
  const bare = await BareSide.start({ mongodbUrl, client, mongodPids }, signal);
  endings.push(() => bare.stop());
  return { sides: [keyport, bare], signal, log, settle, around: (_label, work) => work() };
}

async function measure(
  lab: Laboratory,
  { keyport, others }: { keyport: KeyportSide; others: Comparisons | undefined },
  parameters: Parameters,
  { folder, files }: { folder: string; files: FilesByFormat },
): Promise<Figures> {
  const { rounds, parts } = parameters;
  const wants = (part: (typeof parts)[number]) => parts.includes(part);
  const figures: { -readonly [Name in keyof Figures]: Figures[Name] } = {};
  for (const { small } of Object.values(files)) await warmUp(lab, small);
  if (files.ndjson) {
    const { file } = files.ndjson;
    const { runs, filled } = await importRounds(
      wants('import') ? lab : untimed(lab),
      file,
      wants('import') ? rounds : 1,
    );
    if (wants('import')) figures.import = runs;
    if (wants('export')) figures.export = await exportRounds(lab, filled, file, rounds);
    await drop(lab, filled.place);
  }
  if (files.csv) figures.csv = await imported(lab, files.csv.file, rounds);
  if (parameters.scale > 1) Object.assign(figures, await measureScaled(lab, parameters, folder));
  if (wants('me')) {
    figures.me = await requestRounds(lab, keyport, others, rounds);
    const full = spreadOf(figures.me.keyport.map(({ requestsPerSecond }) => requestsPerSecond)).median;
    figures.latency = await latencyRounds(lab, keyport, full, rounds);
  }
  if (wants('auth')) figures.auth = await tokenRounds(lab, keyport, rounds);
  return figures;
}

const untimed = (lab: Laboratory): Laboratory => ({
  ...lab,
  log: () => undefined,
  around: (_label, work) => work(),
});

async function warmUp(lab: Laboratory, small: DataFile): Promise<void> {
  lab.log(`warming up (${small.format})`);
  const { filled } = await importRounds(untimed(lab), small, 1);
  await exportRounds(untimed(lab), filled, small, 1);
  await drop(untimed(lab), filled.place);
}

async function imported(lab: Laboratory, file: DataFile, rounds: number): Promise<Runs> {
  const { runs, filled } = await importRounds(lab, file, rounds);
  await drop(lab, filled.place);
  return runs;
}

/** Once, and Keyport alone: it is compared with itself. */
async function measureScaled(
  lab: Laboratory,
  parameters: Parameters,
  folder: string,
): Promise<Pick<Figures, 'scaledImport' | 'scaledCsv'>> {
  const { parts, scale, seed } = parameters;
  const alone = { ...lab, sides: lab.sides.filter(({ name }) => name === 'keyport') };
  const run = async (format: FileFormat) => {
    lab.log(`generating ${format}, ${scale} times as large`);
    const file = await writeDataFile(folder, format, sizeOf(parameters, scale), seed, lab.signal);
    const runs = await imported(alone, file, 1);
    await rm(file.path);
    return runs;
  };
  return {
    ...(parts.includes('import') && { scaledImport: await run('ndjson') }),
    ...(parts.includes('csv') && { scaledCsv: await run('csv') }),
  };
}
