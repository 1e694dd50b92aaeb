import { randomBytes } from 'node:crypto';
import type { Caller } from '@keyport/access';
import { inferSchema, type RowReaderOptions } from '@keyport/codec';
import {
  changingAction,
  getDataset,
  type InferredSchema,
  type inferDatasetSchema,
  type previewImport,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { FairShare } from '../intake/fair-share.ts';
import { readingOptionsOf } from '../parsing/reading-options.ts';
import { matchesOnId, typingBy } from '../parsing/rows.ts';
import { maxRawBytes } from '../rejects/reject-details.ts';
import { extentOf, previewOf } from './preview.ts';
import { readSample, type Sample } from './sample.ts';

type Asked = RequestOf<typeof previewImport>;
type Json = ReplyOf<typeof previewImport>;

/** Looks at the beginning of a file, and stores nothing. */
@Injectable()
export class PreviewsService {
  /** A sample takes some megabytes: one at a time, and callers take turns. */
  private readonly turns = new FairShare(1);

  constructor(
    private readonly requester: Requester,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  /** Throws INSUFFICIENT_SCOPE, DATASET_NOT_FOUND, VALIDATION_FAILED, and what keeps a file from being read at all. */
  async preview(asked: Asked, caller: Caller): Promise<Json> {
    const { dataset: name, format, options: wanted } = asked;
    const { mode } = wanted;
    caller.require('imports:create', name);
    const changing = changingAction[mode];
    if (changing) caller.require(changing, name);
    const dataset = await this.requester.request(getDataset, { name }, { authority: caller.authority });
    const key = wanted.key ?? dataset.key ?? [];
    const keyFields = keyFieldsOf(mode, key, dataset.key ?? []);
    const options: RowReaderOptions = {
      ...{ format, idPrefix: randomBytes(8), maxRawBytes, needsId: matchesOnId({ mode, key }) },
      ...readingOptionsOf(asked, dataset.schema),
      ...typingBy(dataset.schema, mode),
      ...(keyFields.length > 0 && { keyFields }),
    };
    return jsonOf(previewOf(await this.read(asked, options, caller), { mode, key, options }));
  }

  /** Of a CSV file, the types that its cells have; `types` may say otherwise. Throws what `preview` does but DATASET_NOT_FOUND. */
  async infer(asked: RequestOf<typeof inferDatasetSchema>, caller: Caller): Promise<Json> {
    const { dataset, format } = asked;
    caller.require('datasets:read', dataset);
    const isCsv = format === 'csv' || format === 'tsv';
    const options: RowReaderOptions = {
      ...{ format, idPrefix: randomBytes(8) },
      ...(isCsv && { types: 'lossless' }),
      ...readingOptionsOf(asked, null),
    };
    const sample = await this.read(asked, options, caller);
    const schema = inferSchema(sample.documents.map(({ document }) => document));
    return jsonOf({ schema, sample: extentOf(sample) } satisfies InferredSchema);
  }

  private async read(asked: Asked, options: RowReaderOptions, caller: Caller): Promise<Sample> {
    const release = await this.turns.acquire({ holder: caller.creator, job: 'preview' });
    try {
      return await readSample(asked, options, this.config.KEYPORT_DECOMPRESSION_RATIO);
    } finally {
      release();
    }
  }
}

/** Fields that each row must have alone. One that is merged may leave the dataset's key to its record, and only that. */
function keyFieldsOf(
  mode: Asked['options']['mode'],
  match: readonly string[],
  datasetKey: readonly string[],
): string[] {
  if (mode === 'insert') return [...datasetKey];
  return [...new Set(mode === 'merge' || mode === 'delete' ? match : [...match, ...datasetKey])];
}

const jsonOf = (value: object): Json => ({ json: Buffer.from(JSON.stringify(value)) });
