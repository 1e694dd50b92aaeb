export interface DrillParameters {
  /** Decides files, victims and moments. */
  readonly seed: number;
  /** For so long somebody is killed: in one import of each mode, and in more of them where there is time. */
  readonly seconds: number;
}

/** On a quiet machine all is killed in each mode within this, and the drill comes to its end within three minutes. */
const defaultSeconds = 100;

/** One that a failure of CI can be compared with the run before; others find what this one does not. */
const defaultSeed = 20_261_124;

/** `KEYPORT_DRILL_SEED` and `KEYPORT_DRILL_SECONDS`; see docs/testing.md. */
export function drillParameters(env: NodeJS.ProcessEnv, otherwiseSeconds = defaultSeconds): DrillParameters {
  const seed = Number(env.KEYPORT_DRILL_SEED ?? defaultSeed);
  const seconds = Number(env.KEYPORT_DRILL_SECONDS ?? otherwiseSeconds);
  if (!Number.isSafeInteger(seed) || !(seconds > 0)) {
    throw new Error('KEYPORT_DRILL_SEED is to be a whole number, and KEYPORT_DRILL_SECONDS a number above 0');
  }
  return { seed, seconds };
}
