import { fieldPath } from '@keyport/contracts';
import { z } from 'zod';

/** Field paths as a query spells them: joined with commas, blanks around them left out. */
export const fieldList = (atMost: number) =>
  z
    .string()
    .transform((list) => list.split(',').map((field) => field.trim()))
    .pipe(z.array(fieldPath).min(1).max(atMost));
