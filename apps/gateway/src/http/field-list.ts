import { fieldPath } from '@keyport/contracts';
import { z } from 'zod';

/** A list as a query spells it: joined with commas, blanks around them left out. */
export const listed = <List extends z.ZodType<unknown, string[]>>(list: List) =>
  z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .pipe(list);

export const fieldList = (atMost: number) => listed(z.array(fieldPath).min(1).max(atMost));
