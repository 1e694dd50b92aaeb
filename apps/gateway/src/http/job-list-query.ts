import { datasetName, instant, pageRequest } from '@keyport/contracts';
import { z } from 'zod';

/** What narrows a list of jobs. States are joined with commas, as a query spells several. */
export const jobListQuery = <States extends Record<string, string>>(state: z.ZodEnum<States>) =>
  pageRequest.extend({
    dataset: datasetName.optional(),
    state: z
      .string()
      .transform((list) => list.split(',').map((one) => one.trim()))
      .pipe(z.array(state).min(1).max(state.options.length))
      .optional(),
    createdAfter: instant.optional(),
    createdBefore: instant.optional(),
  });
