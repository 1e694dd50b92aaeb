import type { ExportFormat } from '@keyport/contracts';

/** Media type of each format, in the order in which they are offered. */
export const mediaTypes = {
  ndjson: 'application/x-ndjson',
  json: 'application/json',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
} as const satisfies Record<ExportFormat, string>;

export const offeredTypes = Object.values(mediaTypes);

export const formatOfMediaType = (type: string): ExportFormat =>
  (Object.keys(mediaTypes) as ExportFormat[]).find((format) => mediaTypes[format] === type) ?? 'ndjson';

export const contentTypeOf = (format: ExportFormat): string => `${mediaTypes[format]}; charset=utf-8`;
