import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { writeDataFile, type DataFile } from './data-file.ts';
import { latencyRounds } from './measuring/latency-rounds.ts';
import { requestRounds } from './measuring/request-rounds.ts';
import { drop, exportRounds, importRounds, type Laboratory } from './measuring/rounds.ts';
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
  /** Undefined where no file was needed. */
  readonly fileBytes: number | undefined;
}

/** Starts everything, measures, and leaves nothing behind, however it ends. */
export async function runBench(parameters: Parameters, around: Surroundings): Promise<Outcome> {
  const { log, signal, root } = around;
  const endings: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'keyport-bench-'));
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const files = needsFiles(parameters) ? await writeFiles(folder, parameters, around) : undefined;
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
    const figures = await measure(lab, { keyport, others }, parameters, files);
    return { figures, versions: await readVersions(root, client, natsUrl), fileBytes: files?.file.bytes };
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

interface Files {
  readonly file: DataFile;
  readonly small: DataFile;
}

const needsFiles = ({ parts }: Parameters) => parts.includes('import') || parts.includes('export');

async function writeFiles(folder: string, { rows, seed }: Parameters, { log, signal }: Surroundings): Promise<Files> {
  log(`generating ${rows} rows (seed ${seed})`);
  return {
    file: await writeDataFile(folder, rows, seed, signal),
    small: await writeDataFile(folder, warmUpRows, seed + 1, signal),
  };
}

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
  { rows, rounds, parts }: Parameters,
  files: Files | undefined,
): Promise<Figures> {
  const wants = (part: (typeof parts)[number]) => parts.includes(part);
  const figures: { -readonly [Name in keyof Figures]: Figures[Name] } = { rows };
  if (files) {
    const { file, small } = files;
    const untimed = {
      ...lab,
      log: () => undefined,
      around: <Result>(_: string, work: () => Promise<Result>) => work(),
    };
    lab.log('warming up');
    const warm = await importRounds(untimed, small, 1);
    await exportRounds(untimed, warm.filled, small, 1);
    await drop(untimed, warm.filled.place);
    const { runs, filled } = await importRounds(wants('import') ? lab : untimed, file, wants('import') ? rounds : 1);
    if (wants('import')) figures.import = runs;
    if (wants('export')) figures.export = await exportRounds(lab, filled, file, rounds);
    await drop(lab, filled.place);
  }
  if (wants('me')) {
    figures.me = await requestRounds(lab, keyport, others, rounds);
    const full = spreadOf(figures.me.keyport.map(({ requestsPerSecond }) => requestsPerSecond)).median;
    figures.latency = await latencyRounds(lab, keyport, full, rounds);
  }
  if (wants('auth')) figures.auth = await tokenRounds(lab, keyport, rounds);
  return figures;
}
