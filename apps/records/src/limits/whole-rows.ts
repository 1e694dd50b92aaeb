import type { Limited } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';

/**
 * What limits leave of a right that concerns rows as a whole, such as to delete them: those that allow all fields.
 * Throws FIELD_NOT_ALLOWED where all of them are limited to some.
 */
export function wholeRows(limited: Limited): Limited {
  if (typeof limited === 'string') return limited;
  const whole = limited.filter(({ fields }) => !fields);
  if (whole.length === 0) throw new KeyportError('FIELD_NOT_ALLOWED', { field: 'whole records' });
  return whole;
}
