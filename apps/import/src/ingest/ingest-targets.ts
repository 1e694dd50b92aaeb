import { fieldTypesOf } from '@keyport/codec';
import { createIngestGrant, getDataset } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { typingBy } from '../parsing/rows.ts';
import type { BatchDataset } from './event-batch.ts';

/** Half of a grant's life. */
const keepGrantMs = 30 * 60_000;
/** A change of a dataset's schema or key is seen within this. */
const keepDatasetMs = 2_000;

/** Where events go: the dataset as it is now, and the right to write there. */
export interface IngestTarget extends BatchDataset {
  readonly grant: string;
  readonly dataset: string;
  readonly datasetId: string;
}

interface Kept<Value> {
  readonly value: Value;
  readonly until: number;
}

type Definition = Omit<IngestTarget, 'grant'>;

/** What is needed to write events: the right to, and the dataset's definition. */
@Injectable()
export class IngestTargets {
  private readonly grants = new Map<string, Kept<string>>();
  private readonly datasets = new Map<string, Kept<Definition>>();

  constructor(private readonly requester: Requester) {}

  /** Throws DATASET_NOT_FOUND, and SCHEMA_INVALID where no row can be checked. */
  async find(name: string): Promise<IngestTarget> {
    const grant = await keep(this.grants, name, keepGrantMs, () => this.grantFor(name));
    const definition = await keep(this.datasets, name, keepDatasetMs, () => this.definitionOf(name, grant));
    return { ...definition, grant };
  }

  /** What was known turned out to be wrong. */
  forget(name: string): void {
    this.grants.delete(name);
    this.datasets.delete(name);
  }

  private async grantFor(dataset: string): Promise<string> {
    const { grant } = await this.requester.request(createIngestGrant, { dataset });
    return grant;
  }

  private async definitionOf(name: string, authority: string): Promise<Definition> {
    const { id, key, schema } = await this.requester.request(getDataset, { name }, { authority });
    return {
      ...{ dataset: name, datasetId: id, key: key ?? [], fieldTypes: schema ? fieldTypesOf(schema) : {} },
      ...{ upserts: typingBy(schema), deletes: typingBy(schema, 'delete') },
    };
  }
}

async function keep<Value>(
  kept: Map<string, Kept<Value>>,
  key: string,
  forMs: number,
  make: () => Promise<Value>,
): Promise<Value> {
  const found = kept.get(key);
  if (found && found.until > Date.now()) return found.value;
  const value = await make();
  kept.delete(key);
  kept.set(key, { value, until: Date.now() + forMs });
  // Only so many datasets are written at a time; the oldest entry goes first.
  if (kept.size > 1000) kept.delete(kept.keys().next().value as string);
  return value;
}
