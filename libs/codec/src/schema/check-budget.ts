/** References that a schema may follow for any row, however small. */
const freeSteps = 10_000;
/** And for each value that the row holds: a recursive schema visits a value a few times, not exponentially often. */
const stepsAValue = 64;

/** Counts the references that a schema follows while one row is checked, so that none is followed for ever. */
export class CheckBudget {
  private left = Infinity;
  private row: unknown;
  private isCounted = false;

  begin(row: unknown): void {
    this.left = freeSteps;
    this.row = row;
    this.isCounted = false;
  }

  /** Called by compiled schemas. Throws once the row has used up what it may. */
  readonly step = (): void => {
    this.left -= 1;
    if (this.left >= 0) return;
    if (this.isCounted) throw new Error('its references lead on too far');
    this.isCounted = true;
    this.left = stepsAValue * valuesOf(this.row);
  };
}

function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((count, inner) => count + valuesOf(inner), 1);
}
