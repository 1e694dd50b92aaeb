/**
 * The first result that is good, or the last of three: for what must hold on a machine that may stand still for a moment
 * just then, though not each time.
 */
export async function oneOfThree<Result>(
  go: () => Promise<Result>,
  isGood: (result: Result) => boolean,
): Promise<Result> {
  for (let left = 2; ; left -= 1) {
    const result = await go();
    if (left === 0 || isGood(result)) return result;
  }
}
