import { askChild } from '../children/ask-child.ts';
import type { DigestedRows } from '../children/digest-rows.ts';
import type { ReadLines } from '../children/read-lines.ts';
import type { SentFile } from '../children/send-file.ts';
import type { DataFile } from '../data-file.ts';
import type { Side } from '../sides/side.ts';
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

/** A place on every side that holds the file's rows, and the checksum of its checked export. */
export interface FilledPlace {
  readonly place: string;
  readonly crcs: ReadonlyMap<Side, number>;
}

/** Imports the file on each side in turn, round by round; every row that went in is read back and compared. */
export async function importRounds(
  lab: Laboratory,
  file: DataFile,
  rounds: number,
): Promise<{ runs: Runs; filled: FilledPlace }> {
  const runs = { keyport: [] as TimedRun[], bare: [] as TimedRun[] };
  for (let round = 1; ; round += 1) {
    const place = `bench-${file.format}-${file.rows}-${round}`;
    for (const side of lab.sides) {
      await side.prepare(place);
      runs[side.name].push(await timedImport(lab, side, place, file));
    }
    const filled = { place, crcs: new Map<Side, number>() };
    for (const side of lab.sides) filled.crcs.set(side, await checkRows(lab, side, place, file));
    if (round === rounds) return { runs, filled };
    await drop(lab, place);
  }
}

/** Exports the filled place on each side in turn, round by round; every export is the checked one, byte by byte. */
export async function exportRounds(
  lab: Laboratory,
  { place, crcs }: FilledPlace,
  file: DataFile,
  rounds: number,
): Promise<Runs> {
  const runs = { keyport: [] as TimedRun[], bare: [] as TimedRun[] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of lab.sides) {
      const { result, processes } = await timed<ReadLines>(lab, side, 'export', () =>
        askChild('read-lines.ts', side.exportTarget(place), lab.signal),
      );
      if (result.rows !== file.rows || result.crc !== crcs.get(side)) {
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
async function checkRows({ signal }: Laboratory, side: Side, place: string, file: DataFile): Promise<number> {
  const { rows, digest, crc } = await askChild<DigestedRows>('digest-rows.ts', side.exportTarget(place), signal);
  if (rows === file.rows && digest === file.digest) return crc;
  throw new Error(`${side.name} returned ${rows} rows of ${file.rows}, or others than were sent, from ${place}`);
}
