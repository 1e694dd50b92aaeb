import { KeyportError } from '@keyport/contracts';
import { isFieldPath } from '../limits/field-paths.ts';

export interface SortKey {
  readonly path: string;
  readonly direction: 1 | -1;
}

export type Sort = readonly SortKey[];

/** The order that keys such as `placedAt` and `-total` ask for. Throws VALIDATION_FAILED for what is no path. */
export function sortOf(keys: readonly string[]): Sort {
  const sort = keys.map((key): SortKey => {
    const isDescending = key.startsWith('-');
    return { path: isDescending ? key.slice(1) : key, direction: isDescending ? -1 : 1 };
  });
  const message = 'must be a field, or fields joined with dots';
  const errors = sort.flatMap(({ path }, index) =>
    isFieldPath(path) ? [] : [{ path: `sort.${index}`, code: 'custom', message }],
  );
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
  return sort;
}

/** As MongoDB is told. A map keeps the order of fields whatever their names. */
export const sortDocument = (sort: Sort): Map<string, 1 | -1> =>
  new Map(sort.map(({ path, direction }) => [path, direction]));
