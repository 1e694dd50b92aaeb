import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { writeDataFile, type DataFile, type DataSize, type FileFormat } from './data-file.ts';
import { eventRounds, mostEvents } from './measuring/event-rounds.ts';
import { firstByteRounds, type FirstByteRun } from './measuring/first-byte-rounds.ts';
import { latencyRounds } from './measuring/latency-rounds.ts';
import { proofRounds } from './measuring/proof-rounds.ts';
import { requestRounds } from './measuring/request-rounds.ts';
import { drop, exportRounds, importRounds, type Laboratory, type Runs } from './measuring/rounds.ts';
import { spreadOf } from './measuring/statistics.ts';
import { tokenRounds } from './measuring/token-rounds.ts';
import { services, type Parameters, type Part } from './parameters.ts';
import { inspectableOptions } from './profiling/inspected-process.ts';
import { profileAround } from './profiling/profile-service.ts';
import type { FileFigures, Figures } from './reporting/result-tables.ts';
import { readVersions, type Versions } from './reporting/versions.ts';
import { BareSide } from './sides/bare-side.ts';
import { Comparisons } from './sides/comparisons.ts';
import { KeyportSide } from './sides/keyport-side.ts';
import type { ExportKind } from './sides/side.ts';

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
    const { mongodbUrl, natsAddress } = await keyport.stack.describe();
    const client = await MongoClient.connect(mongodbUrl);
    endings.push(() => client.close());
    const lab = await equip(parameters, around, keyport, { mongodbUrl, client }, endings);
    const start = () => Comparisons.start(keyport, { mongodbUrl, client }, signal);
    const others = parameters.parts.includes('me') && parameters.profile === undefined ? await start() : undefined;
    if (others) endings.push(() => others.stop());
    const figures = await measure(lab, { keyport, others, mongodb: { mongodbUrl, client } }, parameters, {
      folder,
      files,
    });
    return { figures, versions: await readVersions(root, client, natsAddress), files: written(files) };
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
  ...(['import', 'export', 'file'].some((part) => parts.includes(part as Part)) ? (['ndjson'] as const) : []),
  ...(['csv', 'csv-export'].some((part) => parts.includes(part as Part)) ? (['csv'] as const) : []),
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

interface Sides {
  readonly keyport: KeyportSide;
  readonly others: Comparisons | undefined;
  readonly mongodb: { readonly mongodbUrl: string; readonly client: MongoClient };
}

async function measure(
  lab: Laboratory,
  { keyport, others, mongodb }: Sides,
  parameters: Parameters,
  { folder, files }: { folder: string; files: FilesByFormat },
): Promise<Figures> {
  const { rounds, parts } = parameters;
  const wants = (part: (typeof parts)[number]) => parts.includes(part);
  const figures: { -readonly [Name in keyof Figures]: Figures[Name] } = {};
  for (const { small } of Object.values(files)) await warmUp(lab, small);
  if (files.ndjson) Object.assign(figures, await ndjsonRuns(lab, parameters, files.ndjson.file));
  if (files.csv) Object.assign(figures, await csvRuns(lab, parameters, files.csv.file));
  if (parameters.scale > 1) figures.scaled = await measureScaled(lab, parameters, folder);
  if (wants('me')) {
    figures.me = await requestRounds(lab, keyport, others, rounds);
    const full = spreadOf(figures.me.keyport.map(({ requestsPerSecond }) => requestsPerSecond)).median;
    figures.latency = await latencyRounds(lab, keyport, full, rounds);
    figures.proofs = await proofRounds(lab, keyport, rounds);
  }
  if (wants('events')) {
    const events = Math.min(parameters.rows, mostEvents);
    const isProfiled = parameters.profile !== undefined;
    figures.events = await eventRounds(lab, keyport, mongodb, { rounds, events, isProfiled });
  }
  if (wants('auth')) figures.auth = await tokenRounds(lab, keyport, rounds);
  return figures;
}

const exportParts = { ndjson: 'export', file: 'file', csv: 'csv-export' } as const satisfies Record<ExportKind, Part>;

type FilesRound = Partial<Record<ExportKind, Runs>> & {
  readonly runs?: Runs;
  readonly firstBytes?: readonly FirstByteRun[];
};

/** The import of a file, and the exports of what it stored; the import is not timed where only they were asked for. */
async function filesRound(
  lab: Laboratory,
  { parts, rounds }: Parameters,
  file: DataFile,
  importPart: Part,
  kinds: readonly ExportKind[],
): Promise<FilesRound> {
  const isTimed = parts.includes(importPart);
  const { runs, place } = await importRounds(isTimed ? lab : untimed(lab), file, isTimed ? rounds : 1);
  const found: { -readonly [Name in keyof FilesRound]: FilesRound[Name] } = isTimed ? { runs } : {};
  for (const kind of kinds) {
    if (parts.includes(exportParts[kind])) found[kind] = await exportRounds(lab, { place, kind, file }, rounds);
  }
  const keyport = lab.sides.find((side): side is KeyportSide => side instanceof KeyportSide);
  if (found.ndjson && keyport) found.firstBytes = await firstByteRounds(lab, keyport, place);
  await drop(lab, place);
  return found;
}

async function ndjsonRuns(lab: Laboratory, parameters: Parameters, file: DataFile): Promise<FileFigures> {
  const { runs, ndjson, file: made, ...rest } = await filesRound(lab, parameters, file, 'import', ['ndjson', 'file']);
  return { import: runs, export: ndjson, file: made, firstBytes: rest.firstBytes };
}

async function csvRuns(lab: Laboratory, parameters: Parameters, file: DataFile): Promise<FileFigures> {
  const { runs, csv } = await filesRound(lab, parameters, file, 'csv', ['csv']);
  return { csv: runs, csvExport: csv };
}

const untimed = (lab: Laboratory): Laboratory => ({
  ...lab,
  log: () => undefined,
  around: (_label, work) => work(),
});

async function warmUp(lab: Laboratory, small: DataFile): Promise<void> {
  lab.log(`warming up (${small.format})`);
  const { place } = await importRounds(untimed(lab), small, 1);
  await exportRounds(untimed(lab), { place, kind: small.format, file: small }, 1);
  await drop(untimed(lab), place);
}

/** Once, and Keyport alone: it is compared with itself. */
async function measureScaled(lab: Laboratory, parameters: Parameters, folder: string): Promise<FileFigures> {
  const { scale, seed } = parameters;
  const alone = { ...lab, sides: lab.sides.filter(({ name }) => name === 'keyport') };
  const figures: FileFigures = {};
  for (const format of formatsOf(parameters)) {
    lab.log(`generating ${format}, ${scale} times as large`);
    const file = await writeDataFile(folder, format, sizeOf(parameters, scale), seed, lab.signal);
    const runs = format === 'ndjson' ? ndjsonRuns : csvRuns;
    Object.assign(figures, await runs(alone, { ...parameters, rounds: 1 }, file));
    await rm(file.path);
  }
  return figures;
}
