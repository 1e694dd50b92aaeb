import { KeyportError } from '@keyport/contracts';

/**
 * The projection for named fields; `_id` is always read, since the next page begins behind it. A field inside another
 * one that is named too says nothing (MongoDB refuses it: "Path collision"). Throws VALIDATION_FAILED for what is no
 * path, such as `a.$`, which MongoDB would take for a positional operator.
 */
export function projectionFor(fields: readonly string[]): Record<string, 1> {
  const errors = fields.flatMap((path, index) =>
    isPath(path)
      ? []
      : [{ path: `fields.${index}`, code: 'custom', message: 'must be a field, or fields joined with dots' }],
  );
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
  const named = new Set(fields);
  const outermost = [...named].filter((path) => !ancestorsOf(path).some((ancestor) => named.has(ancestor)));
  const withoutIdParts = outermost.filter((path) => !path.startsWith('_id.'));
  return Object.fromEntries([...withoutIdParts, '_id'].map((path) => [path, 1]));
}

const isPath = (path: string) => path.split('.').every((name) => name !== '' && !name.startsWith('$'));

function ancestorsOf(path: string): string[] {
  const names = path.split('.');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'));
}
