import { patternEffort } from '@keyport/contracts';

/**
 * MongoDB's matcher (PCRE as mongod 6.0 is built with it) takes 200,000 steps at most from one place of a text, and then
 * takes the text for one that does not match, without a word (measured: with half of that no text was missed). A try is
 * some steps where the pattern has groups.
 */
const triesFromOnePlace = 100_000;
/** Where a match may begin anywhere it tries from every place, and nothing stops it: a tenth of a second or so. */
const triesOfAText = 20_000_000;
/** PCRE repeats at most so often. */
const maxRepeat = 65_535;
const factorials = [1, 1, 2, 6];

/**
 * How long a text may be, in characters, for a pattern to look at it; undefined where it may have any length. `degree`
 * places, each behind the one before, can be chosen from n in n to the power of `degree` divided by its factorial ways.
 */
export function longestText(pattern: string, options: string): number | undefined {
  const { degree, ways, openQuantifiers, groups } = patternEffort(pattern, options);
  if (openQuantifiers === 0) return undefined;
  const stepsATry = ways * (1 + 2 * groups);
  const longest = (tries: number, places: number) => ((tries * (factorials[places] ?? 1)) / stepsATry) ** (1 / places);
  return Math.floor(Math.min(maxRepeat, longest(triesFromOnePlace, openQuantifiers), longest(triesOfAText, degree)));
}

/**
 * The pattern as MongoDB is given it: a text that is too long to be tried wholly does not match. Its first branch is for
 * the beginning of such a text and ends the search there, which PCRE must not skip to where a match could begin.
 */
export function boundedPattern(pattern: string, options = ''): string {
  const most = longestText(pattern, options);
  if (most === undefined) return pattern;
  return `(*NO_START_OPT)(?:\\A(?!(?>[\\s\\S]{0,${most}})\\z)(*COMMIT)(*FAIL)|(?:${pattern}))`;
}
