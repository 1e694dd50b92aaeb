/** Where the value of a member lies: of `bytes`, `start` and `end` (exclusive). */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

/** Thrown where bytes are not one JSON object, as far as finding its members tells. */
export class NotAnObject extends Error {
  override readonly name = 'NotAnObject';
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * The members of a JSON object (RFC 8259 §4) in UTF-8, each with the place of its value, so that a value can be read as it
 * was sent. Strings and brackets are followed and nothing else is checked: whoever reads a value finds out whether it is
 * JSON. Of a name that comes twice both are told.
 * @throws NotAnObject
 */
export function objectMembers(bytes: Uint8Array): [name: string, value: ValueRange][] {
  const members: [string, ValueRange][] = [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = expect(text, spaceEnd(text, 0), openBrace);
  at = spaceEnd(text, at);
  if (text[at] === closeBrace) return requireEnd(text, at + 1, members);
  for (;;) {
    const nameAt = expect(text, at, quote) - 1;
    at = stringEnd(text, nameAt);
    const name = nameOf(text, nameAt, at);
    at = spaceEnd(text, expect(text, spaceEnd(text, at), colon));
    const end = valueEnd(text, at);
    members.push([name, { start: at, end }]);
    at = spaceEnd(text, end);
    if (text[at] === closeBrace) return requireEnd(text, at + 1, members);
    at = spaceEnd(text, expect(text, at, comma));
  }
}

function nameOf(text: Buffer, start: number, end: number): string {
  const literal = text.toString('utf8', start, end);
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch (cause) {
    throw new NotAnObject(`the name at byte ${start} is not JSON`, { cause });
  }
}

function valueEnd(text: Buffer, start: number): number {
  const first = text[start];
  if (first === quote) return stringEnd(text, start);
  if (first === openBrace || first === openBracket) return nestedEnd(text, start);
  let at = start;
  while (at < text.length && !endsLiteral(text[at] as number)) at += 1;
  if (at === start) throw unexpected(text, start);
  return at;
}

const endsLiteral = (byte: number) => byte === comma || byte === closeBrace || byte === closeBracket || isSpace(byte);

function nestedEnd(text: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === quote) at = stringEnd(text, at) - 1;
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  throw unexpected(text, text.length);
}

function stringEnd(text: Buffer, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === backslash) at += 1;
    else if (text[at] === quote) return at + 1;
  }
  throw unexpected(text, text.length);
}

function spaceEnd(text: Buffer, start: number): number {
  let at = start;
  while (at < text.length && isSpace(text[at] as number)) at += 1;
  return at;
}

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function expect(text: Buffer, at: number, byte: number): number {
  if (text[at] !== byte) throw unexpected(text, at);
  return at + 1;
}

function requireEnd<Result>(text: Buffer, at: number, result: Result): Result {
  if (spaceEnd(text, at) !== text.length) throw unexpected(text, spaceEnd(text, at));
  return result;
}

const unexpected = (text: Buffer, at: number) =>
  new NotAnObject(at >= text.length ? 'it ends inside a value' : `unexpected character at byte ${at}`);
