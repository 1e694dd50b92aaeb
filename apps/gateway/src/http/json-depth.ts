const jsonToken = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;

/** True where brackets stand deeper in one another than `limit`; text in strings does not count. */
export function isNestedDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(jsonToken)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
