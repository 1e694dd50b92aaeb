import { createIngestGrant, getDataset, type Dataset } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';

/** Half of a grant's life. */
const keepGrantMs = 30 * 60_000;
/** A change of a dataset's schema or key is seen within this. */
const keepDatasetMs = 2_000;

interface Target {
  readonly grant: string;
  readonly dataset: Dataset;
}

interface Kept<Value> {
  readonly value: Value;
  readonly until: number;
}

/** What is needed to write an event: the right to, and the dataset's definition. */
@Injectable()
export class IngestTargets {
  private readonly grants = new Map<string, Kept<string>>();
  private readonly datasets = new Map<string, Kept<Dataset>>();

  constructor(private readonly requester: Requester) {}

  /** Throws DATASET_NOT_FOUND. */
  async find(name: string): Promise<Target> {
    const grant = await keep(this.grants, name, keepGrantMs, () => this.grantFor(name));
    const dataset = await keep(this.datasets, name, keepDatasetMs, () =>
      this.requester.request(getDataset, { name }, { authority: grant }),
    );
    return { grant, dataset };
  }

  private async grantFor(dataset: string): Promise<string> {
    const { grant } = await this.requester.request(createIngestGrant, { dataset });
    return grant;
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
