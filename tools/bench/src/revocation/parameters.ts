import { parseArgs } from 'node:util';
import { committedReport, otherReport } from '../parameters.ts';

export interface RevocationParameters {
  /** Keys that are revoked, one after the other. */
  readonly rounds: number;
  readonly gateways: number;
  /** Revocations that are there already; with any, start-up and memory are measured too. */
  readonly entries: number;
  /** Where the section goes, from the workspace's root. */
  readonly out: string;
}

const fullRounds = 200;
const fullEntries = 1_000_000;

/** Reads flags (`--rounds`, `--gateways`, `--entries`, `--out`). Reports all faults at once. */
export function readRevocationParameters(args: readonly string[]): RevocationParameters {
  const string = { type: 'string' } as const;
  const options = { rounds: string, gateways: string, entries: string, out: string };
  const { values } = parseArgs({ args: [...args], options });
  const faults: string[] = [];
  const wholeNumber = (name: 'rounds' | 'gateways' | 'entries', otherwise: number, least: number, most: number) => {
    const number = Number(values[name] ?? otherwise);
    if (!Number.isInteger(number) || number < least || number > most)
      faults.push(`${name} wants a number from ${least} to ${most}`);
    return number;
  };
  const rounds = wholeNumber('rounds', fullRounds, 1, 100_000);
  const gateways = wholeNumber('gateways', 3, 1, 16);
  const entries = wholeNumber('entries', 0, 0, 10_000_000);
  if (faults.length > 0) throw new Error(faults.join('; '));
  const isFull = rounds >= fullRounds && entries >= fullEntries;
  return { rounds, gateways, entries, out: values.out ?? (isFull ? committedReport : otherReport) };
}
