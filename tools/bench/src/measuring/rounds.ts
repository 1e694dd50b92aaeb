import { askChild } from '../children/ask-child.ts';
import type { DigestedRows, RowsToDigest } from '../children/digest-rows.ts';
import type { ReadLines } from '../children/read-lines.ts';
import type { SentFile } from '../children/send-file.ts';
import type { DataFile } from '../data-file.ts';
import type { ExportKind, Side } from '../sides/side.ts';
import { ProcessWatch, type ProcessFigures } from './process-watch.ts';

export interface TimedRun {
  readonly seconds: number;
  readonly rows: number;
  /** The load's: of the file, or of the response. */
  readonly bytes: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
}

export type Runs = Readonly<Record<Side['name'], readonly TimedRun[]>>;

export interface Laboratory {
  /** In the order of each round. */
  readonly sides: readonly Side[];
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Lets mongod write out what earlier runs left, so that no run pays for the one before it. */
  readonly settle: () => Promise<void>;
  /** Runs what is timed; a profile is taken around it. */
  readonly around: <Result>(label: string, work: () => Promise<Result>) => Promise<Result>;
}

/** Imports the file on each side in turn, round by round; every row that went in is read back and compared. */
export async function importRounds(
  lab: Laboratory,
  file: DataFile,
  rounds: number,
): Promise<{ runs: Runs; place: string }> {
  const runs = { keyport: [] as TimedRun[], bare: [] as TimedRun[] };
  for (let round = 1; ; round += 1) {
    const place = `bench-${file.format}-${file.rows}-${round}`;
    for (const side of lab.sides) {
      await side.prepare(place);
      runs[side.name].push(await timedImport(lab, side, place, file));
    }
    for (const side of lab.sides) await checkRows(lab, side, { place, kind: 'ndjson', file });
    if (round === rounds) return { runs, place };
    await drop(lab, place);
  }
}

/** What is exported, how, and the file whose rows it holds. */
export interface ExportedPlace {
  readonly place: string;
  readonly kind: ExportKind;
  readonly file: DataFile;
}

const exportLabels: Record<ExportKind, string> = { ndjson: 'export', csv: 'csv-export', file: 'file' };

/**
 * Exports the place on each side in turn, round by round. One export of each side is compared with the file row by row;
 * every timed one is that one, byte by byte.
 */
export async function exportRounds(lab: Laboratory, exported: ExportedPlace, rounds: number): Promise<Runs> {
  const { place, kind, file } = exported;
  const crcs = new Map<Side, number>();
  for (const side of lab.sides) crcs.set(side, await checkRows(lab, side, exported));
  const runs = { keyport: [] as TimedRun[], bare: [] as TimedRun[] };
  const lines = file.rows + (kind === 'csv' ? 1 : 0);
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of lab.sides) {
      const { result, processes } = await timed<ReadLines>(lab, side, exportLabels[kind], () =>
        askChild('read-lines.ts', side.exportTarget(place, kind), lab.signal),
      );
      if (result.lines !== lines || result.crc !== crcs.get(side)) {
        throw new Error(`${side.name}'s export of ${place} is not the one that was checked: ${JSON.stringify(result)}`);
      }
      runs[side.name].push({ seconds: result.ms / 1000, rows: file.rows, bytes: result.bytes, processes });
    }
  }
  return runs;
}

export async function drop({ sides }: Laboratory, place: string): Promise<void> {
  for (const side of sides) await side.drop(place);
}

async function timedImport(lab: Laboratory, side: Side, place: string, file: DataFile): Promise<TimedRun> {
  const { result, processes } = await timed<SentFile>(lab, side, file.format === 'csv' ? 'csv-import' : 'import', () =>
    askChild('send-file.ts', { ...side.importTarget(place, file.format), file: file.path }, lab.signal),
  );
  side.checkImport(result, file.rows);
  return { seconds: result.ms / 1000, rows: file.rows, bytes: result.bytes, processes };
}

async function timed<Result extends { ms: number }>(
  { log, settle, around }: Laboratory,
  side: Side,
  label: string,
  work: () => Promise<Result>,
): Promise<{ result: Result; processes: Record<string, ProcessFigures> }> {
  await settle();
  const watch = await ProcessWatch.start(await side.processes());
  const result = await around(label, work);
  const processes = await watch.stop();
  log(`${label}, ${side.name}: ${(result.ms / 1000).toFixed(2)} s`);
  return { result, processes };
}

/** Reads every row back and compares all of them with the file's; gives the checksum of the bytes. */
async function checkRows({ signal }: Laboratory, side: Side, { place, kind, file }: ExportedPlace): Promise<number> {
  const asked: RowsToDigest = { source: side.exportTarget(place, kind), format: kind === 'csv' ? 'csv' : 'ndjson' };
  const { rows, digest, crc } = await askChild<DigestedRows>('digest-rows.ts', asked, signal);
  if (rows === file.rows && digest === file.digest) return crc;
  throw new Error(
    `${side.name} returned ${rows} rows of ${file.rows}, or others than were sent, from ${place} (${kind})`,
  );
}
