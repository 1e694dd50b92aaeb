import { randomInt } from 'node:crypto';

/** Letters that make no words and are not taken for one another (RFC 8628 §6.1): 20^8 codes, 2.5 × 10^10. */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;
const form = new RegExp(`^[${alphabet}]{${length}}$`);

export const newUserCode = (): string => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

/** As a person reads it. */
export const shownUserCode = (code: string): string => `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;

/** What a person typed, in any case, with what they put between the letters; undefined where it is no code. */
export function readUserCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s\p{Pd}._]/gu, '');
  return form.test(code) ? code : undefined;
}
