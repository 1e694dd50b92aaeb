import { fieldCovers } from '@keyport/access';

/** What MongoDB reads as a field, or as fields joined with dots; `a.$` would be a positional operator. */
export const isFieldPath = (path: string): boolean =>
  path.split('.').every((name) => name !== '' && !name.startsWith('$'));

/** Without those that lie inside another one: they say nothing, and MongoDB refuses them ("Path collision"). */
export function outermost(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return [...all].filter((path) => !ancestorsOf(path).some((ancestor) => all.has(ancestor)));
}

/** What of the paths lies inside the allowed ones: of two where one lies in the other, the inner. */
export const commonPaths = (paths: readonly string[], allowed: readonly string[]): string[] =>
  outermost([
    ...paths.filter((path) => allowed.some((field) => fieldCovers(field, path))),
    ...allowed.filter((field) => paths.some((path) => fieldCovers(path, field))),
  ]);

function ancestorsOf(path: string): string[] {
  const names = path.split('.');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'));
}
