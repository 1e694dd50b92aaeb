import { TokenFault } from './token-fault.ts';

/** Tokens are flat; eight levels leave room for authorization_details (RFC 9396) and stop nesting bombs. */
const maxDepth = 8;

const jsonToken = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * Parses JSON that two readers can only read alike: an object, no name twice in one object (RFC 7519 §4 lets a parser
 * choose which of two it keeps; RFC 8725 §2.6), at most eight levels deep.
 */
export function parseStrictJson(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TokenFault('form', 'a part is not JSON');
  }
  // Only now: on text that is JSON the expression below takes linear time, on other text it need not.
  assertUnambiguous(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenFault('form', 'a part is not a JSON object');
  return value as Record<string, unknown>;
}

function assertUnambiguous(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let lastString: string | undefined;
  for (const [token] of text.matchAll(jsonToken)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > maxDepth) throw new TokenFault('form', 'a part is nested too deeply');
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ':' && lastString !== undefined) addName(open.at(-1), lastString);
    lastString = token.startsWith('"') ? token : undefined;
  }
}

function addName(names: Set<string> | undefined, quoted: string): void {
  const name = JSON.parse(quoted) as string;
  if (names?.has(name)) throw new TokenFault('form', 'a name stands twice in one object');
  names?.add(name);
}
