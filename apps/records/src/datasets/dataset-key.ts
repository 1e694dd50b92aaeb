import { KeyportError, type FieldProblem } from '@keyport/contracts';

/** Throws VALIDATION_FAILED where MongoDB cannot index these fields, or where they say nothing. */
export function checkKey(key: readonly string[]): void {
  const errors = key.flatMap((field, index): FieldProblem[] => {
    const message = faultOf(field, key.indexOf(field) !== index, key.length);
    return message === undefined ? [] : [{ path: `key.${index}`, code: 'custom', message }];
  });
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}

function faultOf(field: string, isRepeated: boolean, length: number): string | undefined {
  if (isRepeated) return 'must be named once';
  if (field === '_id' && length === 1) return '_id is unique without being a key';
  const isPath = field.split('.').every((name) => name !== '' && !name.startsWith('$'));
  return isPath ? undefined : 'must be a field, or fields joined with dots';
}

export const isSameKey = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === null || other === null
    ? one === other
    : one.length === other.length && one.every((field, i) => field === other[i]);
