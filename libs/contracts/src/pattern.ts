/** MongoDB tries every way to match a text, and after so many takes it for one that does not match, without a word. */
const maxLength = 256;
const maxRepeat = 100;
/** Quantifiers without an end: a text of n characters takes up to n to that power of tries. */
const maxOpenQuantifiers = 3;
/** Ways to match beside those: the product of what each other choice allows. */
const maxWays = 1_000;

const openers: Readonly<Record<string, string>> = {
  '(?=': 'look-ahead',
  '(?!': 'look-ahead',
  '(?<': 'look-behind or a name',
  '(*': 'a verb',
  '(?': 'a group other than ( and (?:',
};

/** A piece of a pattern: escape, class, opening of a group, quantifier, or one character. */
const piece =
  /\\(?:x\{[0-9a-fA-F]{1,6}\}|[pP]\{[^}]*\}|[^])|\[\^?\]?(?:\\[^]|\[:\^?[a-z]+:\]|[^\]\\])*\]|\(\?[:=!<]?|\(\*?|\{\d+(?:,\d*)?\}|[^]/gu;

/**
 * What is wrong with a regular expression of a filter, as a sentence; undefined where nothing is. Good is what a text is
 * matched with in few ways: groups may be optional and are not repeated otherwise, nothing refers back or looks around.
 */
export function patternFault(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string' || pattern === '') return '$regex takes a text';
  if (pattern.length > maxLength) return `$regex may have ${maxLength} characters`;
  if (pattern.includes('\u0000')) return '$regex must have no NUL';
  return new PatternCheck(pattern.match(piece) ?? []).fault();
}

class PatternCheck {
  private depth = 0;
  private openQuantifiers = 0;
  private ways = 1;

  constructor(private readonly pieces: readonly string[]) {}

  fault(): string | undefined {
    for (const [index, text] of this.pieces.entries()) {
      const fault = this.look(text, this.pieces[index - 1]);
      if (fault !== undefined) return fault;
    }
    if (this.depth > 0) return '$regex has a group that is not closed';
    if (this.openQuantifiers > maxOpenQuantifiers) return `$regex may hold ${maxOpenQuantifiers} of *, + and {n,}`;
    return this.ways > maxWays ? '$regex has too many ways to match' : undefined;
  }

  private look(text: string, before: string | undefined): string | undefined {
    if (isQuantifier(text)) return this.quantify(text, before);
    if (/^\\[1-9gkKRXCQEG]/.test(text)) return `$regex must not use ${text}`;
    if (text === '[') return '$regex has a class that is not closed';
    if (text === '|') this.ways *= 2;
    if (text === ')' && (this.depth -= 1) < 0) return '$regex closes a group that is not open';
    if (!text.startsWith('(')) return undefined;
    this.depth += 1;
    return openers[text] === undefined ? undefined : `$regex must not use ${openers[text]}`;
  }

  private quantify(text: string, before: string | undefined): string | undefined {
    if (before === undefined || before === '|' || before.startsWith('(')) return `$regex has nothing before ${text}`;
    if (isQuantifier(before)) {
      // Lazy or possessive: as many ways at most.
      return text === '?' || text === '+' ? undefined : `$regex must not repeat what ${before} repeats`;
    }
    const [least, most] = bounds(text);
    if (before === ')' && most > 1) return '$regex must not repeat a group; only ? may follow one';
    if (least > maxRepeat || (most !== Infinity && most > maxRepeat)) return `$regex may repeat ${maxRepeat} times`;
    if (most === Infinity) this.openQuantifiers += 1;
    else this.ways *= most - least + 1;
    return undefined;
  }
}

const isQuantifier = (text: string): boolean => /^(?:[*+?]|\{\d+(?:,\d*)?\})$/.test(text);

function bounds(quantifier: string): readonly [number, number] {
  if (quantifier === '?') return [0, 1];
  if (quantifier === '*') return [0, Infinity];
  if (quantifier === '+') return [1, Infinity];
  const [, least = '0', comma, most = ''] = /^\{(\d+)(,?)(\d*)\}$/.exec(quantifier) ?? [];
  if (!comma) return [Number(least), Number(least)];
  return [Number(least), most === '' ? Infinity : Number(most)];
}
