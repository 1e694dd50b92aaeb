const backslash = '\\';

/**
 * The field names that a column's path joins with dots. `\.` is a dot inside a name; of the backslashes before a dot two
 * stand for one, and any other backslash for itself.
 */
export function columnNames(path: string): string[] {
  if (!path.includes(backslash)) return path.split('.');
  const names: string[] = [];
  let name = '';
  let from = 0;
  let slashes = 0;
  for (let at = 0; at < path.length; at++) {
    if (path[at] === '.') {
      name += path.slice(from, at - slashes) + backslash.repeat(slashes >> 1);
      from = at + 1;
      if (slashes % 2 === 1) name += '.';
      else {
        names.push(name);
        name = '';
      }
    }
    slashes = path[at] === backslash ? slashes + 1 : 0;
  }
  return [...names, name + path.slice(from)];
}

/** Inverse of {@link columnNames}. */
export function columnPath(names: readonly string[]): string {
  const last = names.length - 1;
  return names.map((name, index) => escaped(name, index < last)).join('.');
}

function escaped(name: string, dotFollows: boolean): string {
  if (!name.includes('.') && !name.endsWith(backslash)) return name;
  let text = '';
  let slashes = 0;
  for (const letter of name) {
    text += letter === '.' ? `${backslash.repeat(slashes + 1)}.` : letter;
    slashes = letter === backslash ? slashes + 1 : 0;
  }
  return dotFollows ? text + backslash.repeat(slashes) : text;
}
