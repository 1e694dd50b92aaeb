import type { RegExpEngine, RegExpLike } from 'ajv/dist/types/index.js';
import { RE2JS } from 're2js';

/**
 * A regular expression of a schema (ECMA-262 with `u`, JSON Schema 2020-12 Core §6.4), run in time linear in the text:
 * JavaScript's own engine tries every way to match, and `^(a+)+$` would hold a process for ever. Throws where the pattern
 * is none, and where it needs what no linear engine has, such as look-around and back-references.
 */
class LinearPattern implements RegExpLike {
  private readonly compiled: RE2JS;

  constructor(
    private readonly pattern: string,
    flags: string,
  ) {
    // RE2's syntax is wider in places: what JavaScript refuses stays refused.
    new RegExp(pattern, flags);
    this.compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  }

  test(text: string): boolean {
    return this.compiled.test(text);
  }

  /** ajv takes two patterns with the same text for one. */
  toString(): string {
    return `/${this.pattern}/`;
  }
}

/** For ajv's `code.regExp`; `code` would matter only for validators written to a file. */
export const linearRegExp: RegExpEngine = Object.assign(
  (pattern: string, flags: string): RegExpLike => new LinearPattern(pattern, flags),
  { code: 'linearRegExp' },
);
