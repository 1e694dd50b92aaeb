const maxLength = 256;
const maxRepeat = 100;
/** Quantifiers without an end, and one more where a match may begin anywhere. */
const maxDegree = 3;
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
export function patternFault(pattern: unknown, options = ''): string | undefined {
  if (typeof pattern !== 'string' || pattern === '') return '$regex takes a text';
  if (pattern.length > maxLength) return `$regex may have ${maxLength} characters`;
  if (pattern.includes('\u0000')) return '$regex must have no NUL';
  return new PatternCheck(pattern, options).fault();
}

/** How many ways there are to try a pattern on a text of n characters: `ways` times n to the power of `degree`. */
export interface PatternEffort {
  readonly degree: number;
  readonly ways: number;
  readonly openQuantifiers: number;
  /** Each takes steps of its own with every try. */
  readonly groups: number;
  /** A match begins where the text does, if anywhere. */
  readonly isAnchored: boolean;
}

/** Of a pattern without fault. */
export function patternEffort(pattern: string, options: string): PatternEffort {
  const check = new PatternCheck(pattern, options);
  check.fault();
  return check.effort;
}

class PatternCheck {
  private depth = 0;
  private openQuantifiers = 0;
  private ways = 1;
  private groups = 0;
  private isAnchored: boolean;
  private readonly pieces: readonly string[];

  constructor(pattern: string, options: string) {
    this.pieces = pattern.match(piece) ?? [];
    this.isAnchored = this.pieces[0] === '^' && !options.includes('m');
  }

  get effort(): PatternEffort {
    const { openQuantifiers, ways, groups, isAnchored } = this;
    return { degree: openQuantifiers + (isAnchored ? 0 : 1), ways, openQuantifiers, groups, isAnchored };
  }

  fault(): string | undefined {
    for (const [index, text] of this.pieces.entries()) {
      const fault = this.look(text, this.pieces[index - 1]);
      if (fault !== undefined) return fault;
    }
    if (this.depth > 0) return '$regex has a group that is not closed';
    if (this.effort.degree > maxDegree) {
      return `$regex may hold ${maxDegree - 1} of *, + and {n,}, or ${maxDegree} where it begins with ^`;
    }
    return this.ways > maxWays ? '$regex has too many ways to match' : undefined;
  }

  private look(text: string, before: string | undefined): string | undefined {
    if (isQuantifier(text)) return this.quantify(text, before);
    if (/^\\[1-9gkKRXCQEG]/.test(text)) return `$regex must not use ${text}`;
    if (text === '[') return '$regex has a class that is not closed';
    if (text === '|') {
      this.ways *= 2;
      this.isAnchored &&= this.depth > 0;
    }
    if (text === ')' && (this.depth -= 1) < 0) return '$regex closes a group that is not open';
    if (!text.startsWith('(')) return undefined;
    this.depth += 1;
    this.groups += 1;
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
