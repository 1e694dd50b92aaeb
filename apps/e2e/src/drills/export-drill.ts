import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Export, ExportFormat } from '@keyport/contracts';
import { until, type KeyportClient, type TestStack } from '@keyport/testing';
import { MongoClient } from 'mongodb';

const betweenReadsMs = 30;
const batchSize = 20_000;
const longestRange = 2_000_000;
/** Reading is not to take the time that writing needs. */
const betweenRangesMs = 150;
/** Names that occur: a column each. */
const columnCount = 40;

/** Puts records where `records` keeps those of a dataset, past the import, which is not what is tested. */
export async function storeRecords(
  stack: TestStack,
  dataset: string,
  count: number,
  random: () => number,
): Promise<void> {
  await stack.client.putDataset(dataset);
  const mongo = await MongoClient.connect((await stack.describe()).mongodbUrl);
  const db = mongo.db('records');
  const definition = await db.collection('datasets').findOne({ _id: dataset as never });
  const collection = db.collection(String(definition?.collectionName));
  for (let from = 0; from < count; from += batchSize) {
    const batch = Array.from({ length: Math.min(batchSize, count - from) }, (_, index) => record(from + index, random));
    await collection.insertMany(batch as never[], { ordered: false });
  }
  await mongo.close();
}

const record = (n: number, random: () => number) => ({
  ...{ _id: n, name: `record ${n}`, note: 'x'.repeat(Math.floor(random() * 120)) },
  [`c${Math.floor(random() * columnCount)}`]: Math.floor(random() * 1_000),
});

/** Several exports that run at once, read from outside all the while. */
export class ExportsWatch {
  private readonly last = new Map<string, Export>();
  private readonly loop: Promise<unknown>;

  constructor(
    private readonly client: KeyportClient,
    private readonly ids: readonly string[],
  ) {
    this.loop = Promise.all(ids.map((id) => this.follow(id)));
  }

  get hasEnded(): boolean {
    return this.ids.every((id) => this.last.get(id)?.finishedAt);
  }

  /** Rows in the files so far. */
  get read(): number {
    return [...this.last.values()].reduce((sum, { counts }) => sum + counts.written, 0);
  }

  /** When the last of them ended, by what they say; nothing is killed in their middle behind that. */
  get endedAt(): number {
    return Math.max(...[...this.last.values()].map(({ finishedAt }) => Date.parse(finishedAt ?? '')));
  }

  async outcomes(): Promise<Pick<Export, 'state' | 'digest' | 'bytes' | 'counts'>[]> {
    await until(() => this.hasEnded, `the exports to end (${JSON.stringify([...this.last.values()])})`, 120_000);
    await this.loop;
    return this.ids.map((id) => outcomeOf(this.last.get(id) as Export));
  }

  private async follow(id: string): Promise<void> {
    while (!this.last.get(id)?.finishedAt) {
      // Whoever is to answer may just have been killed.
      const seen = await this.client.ok<Export>(`/v1/exports/${id}`).catch(() => undefined);
      if (seen) this.last.set(id, seen);
      await delay(betweenReadsMs);
    }
  }
}

export const outcomeOf = ({ state, digest, bytes, counts }: Export) => ({ state, digest, bytes, counts });

/** Asks for an export again where nobody answers; one that nobody heard of may then run beside it. */
export async function startExport(client: KeyportClient, dataset: string, format: ExportFormat): Promise<string> {
  const path = `/v1/datasets/${dataset}/exports`;
  let id: string | undefined;
  await until(async () => {
    id = (await client.ok<Export>(path, { method: 'POST', json: { format } }).catch(() => undefined))?.id;
    return id !== undefined;
  }, 'an export to be accepted');
  return id as string;
}

/** Downloads random ranges of a file all the while, and compares each that came whole. */
export class RangeReader {
  readonly faults: string[] = [];
  exact = 0;
  broken = 0;
  private stopped = false;
  private readonly loop: Promise<void>;

  constructor(
    private readonly client: KeyportClient,
    private readonly path: string,
    private readonly file: Buffer,
    private readonly random: () => number,
  ) {
    this.loop = this.read();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.loop;
  }

  private async read(): Promise<void> {
    while (!this.stopped) {
      const start = Math.floor(this.random() * this.file.length);
      const end = Math.min(this.file.length - 1, start + Math.floor(this.random() * longestRange));
      try {
        await this.compare(start, end);
      } catch {
        // Broken off, as a download must be that cannot go on.
        this.broken += 1;
      }
      await delay(betweenRangesMs);
    }
  }

  private async compare(start: number, end: number): Promise<void> {
    const response = await this.client.raw(this.path, { headers: { range: `bytes=${start}-${end}` } });
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status >= 500) throw new Error(`${response.status}`);
    if (response.status === 206 && body.equals(this.file.subarray(start, end + 1))) this.exact += 1;
    else this.faults.push(`${response.status}: bytes ${start}-${end} are not those of the file`);
  }
}

export const sha256Of = (file: Uint8Array): string => `sha-256=:${createHash('sha256').update(file).digest('base64')}:`;
