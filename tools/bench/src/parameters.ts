import { parseArgs } from 'node:util';

export const parts = ['import', 'csv', 'export', 'file', 'csv-export', 'me', 'auth', 'events'] as const;
export type Part = (typeof parts)[number];

export interface Parameters {
  readonly rows: number;
  /** Where given, files have so many megabytes (10^6 bytes), whatever rows that takes. */
  readonly megabytes: number | undefined;
  /** Above 1, Keyport also takes and gives files with so many times the rows. */
  readonly scale: number;
  readonly rounds: number;
  readonly seed: number;
  readonly parts: readonly Part[];
  /** A service whose CPU profile is taken; then only Keyport runs, and no figures are reported. */
  readonly profile: string | undefined;
  /** Where the report goes, from the workspace's root. */
  readonly out: string;
}

type WholeNumber = 'rows' | 'megabytes' | 'scale' | 'rounds' | 'seed';

export const services = ['gateway', 'auth', 'import', 'export', 'records'] as const;

export const fullRows = 1_000_000;
export const committedReport = 'docs/benchmarks.md';
export const otherReport = 'tmp/benchmarks.md';

/** Reads flags, and where one is not given its variable (`--rows`, KEYPORT_BENCH_ROWS). Reports all faults at once. */
export function readParameters(args: readonly string[], env: NodeJS.ProcessEnv): Parameters {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rows: string, megabytes: string, scale: string, rounds: string },
      ...{ seed: string, parts: string, profile: string, out: string },
    },
  });
  const faults: string[] = [];
  const given = (name: keyof typeof values) =>
    (values[name] ?? env[`KEYPORT_BENCH_${name.toUpperCase()}`]) || undefined;
  const wholeNumber = (name: WholeNumber, otherwise: number, most: number) => {
    const number = Number(given(name) ?? otherwise);
    if (!Number.isInteger(number) || number < 1 || number > most)
      faults.push(`${name} wants a number from 1 to ${most}`);
    return number;
  };
  const profile = given('profile');
  if (profile !== undefined && !services.some((name) => name === profile)) {
    faults.push(`profile wants one of ${services.join(', ')}`);
  }
  const chosen = (given('parts') ?? parts.join(',')).split(',');
  const unknown = chosen.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) faults.push(`parts wants a list of ${parts.join(', ')}, not ${unknown.join(', ')}`);
  const rows = wholeNumber('rows', fullRows, 100_000_000);
  const megabytes = given('megabytes') === undefined ? undefined : wholeNumber('megabytes', 0, 100_000);
  const scale = wholeNumber('scale', 1, 100);
  const rounds = wholeNumber('rounds', profile === undefined ? 3 : 1, 100);
  const seed = wholeNumber('seed', 42, 2 ** 32 - 1);
  if (faults.length > 0) throw new Error(faults.join('; '));
  const selected = parts.filter((part) => chosen.includes(part));
  const isFull = rows >= fullRows && megabytes === undefined && selected.length === parts.length;
  return {
    rows,
    megabytes,
    scale,
    rounds,
    seed,
    parts: selected,
    profile,
    out: given('out') ?? (isFull ? committedReport : otherReport),
  };
}
