import type { createExportSchema, ExportSelection } from '@keyport/contracts';
import type { z } from 'zod';

/** What the body of a request for an export selects, as it crosses the bus: the filter as text. */
export const selectionOf = ({ filter, ...rest }: z.output<typeof createExportSchema>): ExportSelection => ({
  ...rest,
  ...(filter && { filter: JSON.stringify(filter) }),
});
