import type { StackDescription } from '@keyport/stack';

export type Victim = keyof StackDescription['processes'];

export const victims = [
  ...(['gateway', 'import', 'records', 'export', 'auth', 'nats', 'mongod'] as const),
] satisfies readonly Victim[];

export interface PlannedKill {
  readonly victim: Victim;
  /** Which of its processes; all where it is not said. */
  readonly place?: number;
  /** Share of the file's rows that are counted before. */
  readonly atShare: number;
  /** And so long after that, or after the kill before. */
  readonly waitMs: number;
}

/** The last kill comes when so much of the file is counted, so that its import still runs. */
const lastShare = 0.75;

/** Kills everybody once in a random order, who is `isUrgent` before the others: some while the import runs, some while it has not got over the one before. */
export function planKills(
  all: readonly Pick<PlannedKill, 'victim' | 'place'>[],
  random: () => number,
  isUrgent: (victim: Victim) => boolean = () => false,
): PlannedKill[] {
  const order = all
    .map((kill) => ({ kill, rank: random() + (isUrgent(kill.victim) ? 0 : 1) }))
    .sort((one, other) => one.rank - other.rank);
  let atShare = 0;
  return order.map(({ kill }) => {
    if (random() < 0.6) atShare += (lastShare / order.length) * (0.5 + random());
    return { ...kill, atShare: Math.min(atShare, lastShare), waitMs: Math.floor(random() * 400) };
  });
}
