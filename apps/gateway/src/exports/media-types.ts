import type { Export, ExportCompression, ExportFormat, ExportSelection } from '@keyport/contracts';
import type { FastifyReply } from 'fastify';

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

/** Headers of a stream, compressed as it is on its way. */
export function describeContent(
  reply: FastifyReply,
  { format, compression = 'none' }: Pick<ExportSelection, 'format' | 'compression'>,
): void {
  void reply.type(contentTypeOf(format));
  if (compression !== 'none') void reply.header('content-encoding', compression);
}

/** Compressed files are what they are wherever they are kept (RFC 6713, RFC 8878): no client is to unpack them on the way. */
const packed = {
  gzip: { type: 'application/gzip', ending: '.gz' },
  zstd: { type: 'application/zstd', ending: '.zst' },
} as const satisfies Record<Exclude<ExportCompression, 'none'>, unknown>;

export const fileTypes = [...offeredTypes, ...Object.values(packed).map(({ type }) => type)];

type FileOf = Pick<Export, 'id' | 'dataset' | 'format' | 'compression'>;

export const fileTypeOf = ({ format, compression }: FileOf): string =>
  compression === 'none' ? contentTypeOf(format) : packed[compression].type;

export const fileNameOf = ({ id, dataset, format, compression }: FileOf): string =>
  `${dataset}-${id}.${format}${compression === 'none' ? '' : packed[compression].ending}`;
