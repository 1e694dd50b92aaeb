import { InferenceBudget } from './inference-budget.ts';
import { Observation } from './observation.ts';
import { schemaOf } from './observed-schema.ts';

export interface InferenceOptions {
  /** Default 500, in all objects together; fields beyond are allowed and not described. */
  maxProperties?: number;
  /** Describes `_id` too. Default false: rows mostly get theirs when they are stored. */
  withId?: boolean;
}

const dialect = 'https://json-schema.org/draft/2020-12/schema';

/**
 * Proposes a JSON Schema (2020-12) that all documents of a sample match, and that stores each value as it is: `integer`
 * (with `format: int64` where an int64 occurs), `number`, `format: decimal`, `date-time`, `objectid`, `contentEncoding:
 * base64`; texts that all look like an RFC 3339 time or an ObjectId too. A field is required where every document has
 * it. Values of several types make an `anyOf`, which sets no stored type; what JSON cannot describe makes `{}`. The same
 * sample gives the same proposal; properties stand in the order in which they occur.
 *
 * @param documents BSON, as `splitDocuments(chunk.documents)` gives them
 */
export function inferSchema(documents: Iterable<Uint8Array>, options: InferenceOptions = {}): Record<string, unknown> {
  const root = new Observation(0, new InferenceBudget(options.maxProperties ?? 500));
  for (const document of documents) {
    const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
    root.addDocument(bytes, options.withId ?? false);
  }
  return { $schema: dialect, type: 'object', ...schemaOf(root) };
}
