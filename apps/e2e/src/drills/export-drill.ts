import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Export, ExportCompression, ExportFormat } from '@keyport/contracts';
import { until, type KeyportClient, type TestStack } from '@keyport/testing';
import { MongoClient } from 'mongodb';

const betweenReadsMs = 30;
const batchSize = 20_000;
const longestRange = 2_000_000;
/** So that a download is under way most of the time. */
const betweenPiecesMs = 5;
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
  ...{ _id: n, name: `record ${n}`, note: noise(Math.floor(random() * 12), random) },
  [`c${Math.floor(random() * columnCount)}`]: Math.floor(random() * 1_000),
});

/** Text that no compression makes much smaller: a download of it takes a while. */
const noise = (words: number, random: () => number): string =>
  Array.from({ length: words }, () => random().toString(36).slice(2, 12)).join('');

export interface FileAsked {
  readonly format: ExportFormat;
  readonly compression: ExportCompression;
}

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
    await until(() => this.hasEnded, `the exports to end (${JSON.stringify([...this.last.values()])})`, 300_000);
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
export async function startExport(client: KeyportClient, dataset: string, asked: FileAsked): Promise<string> {
  const path = `/v1/datasets/${dataset}/exports`;
  let id: string | undefined;
  await until(async () => {
    id = (await client.ok<Export>(path, { method: 'POST', json: asked }).catch(() => undefined))?.id;
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

/** Downloads a file again and again, slowly, and goes on with `Range` and `If-Range` where it was broken off. */
export class ResumingDownloads {
  readonly digests = new Set<string>();
  /** Downloads that came whole, and how often one of them went on behind what it had. */
  whole = 0;
  resumed = 0;
  readonly faults: string[] = [];
  private stopped = false;
  private readonly loop: Promise<void>;

  constructor(
    private readonly client: KeyportClient,
    private readonly path: string,
  ) {
    this.loop = this.download();
  }

  /** Resolves once the one under way is whole. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.loop;
  }

  private async download(): Promise<void> {
    while (!this.stopped) {
      const file: Buffer[] = [];
      let etag = '';
      let length = Infinity;
      for (let have = 0; have < length; have = lengthOf(file)) {
        // Broken off, or nobody there: what came before that is kept.
        const part = await this.part(file, have, etag).catch(() => undefined);
        if (part) [etag, length] = [part.etag, part.length];
        else await delay(betweenReadsMs);
      }
      this.whole += 1;
      this.digests.add(sha256Of(Buffer.concat(file)));
    }
  }

  /** What the head of the answer says of the file; its body goes to what there is, as far as it comes. */
  private async part(file: Buffer[], have: number, etag: string) {
    const headers = { range: `bytes=${have}-`, ...(etag !== '' && { 'if-range': etag }) };
    const response = await this.client.raw(this.path, { headers });
    if (response.status >= 500) return undefined;
    const range = response.headers.get('content-range') ?? '';
    const [, from, length] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
    if (response.status !== 206 || Number(from) !== have)
      this.faults.push(`${response.status} ${range}, not from ${have}`);
    if (have > 0) this.resumed += 1;
    try {
      for await (const piece of response.body as ReadableStream<Uint8Array>) {
        file.push(Buffer.from(piece));
        // The client's own line breaks once in each download, whoever else does: a small file may come between two kills.
        if (have === 0 && lengthOf(file) * 2 >= Number(length)) break;
        await delay(betweenPiecesMs);
      }
    } catch {
      // The next request goes on behind what is there.
    }
    return { etag: response.headers.get('etag') ?? '', length: Number(length) };
  }
}

const lengthOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

export const sha256Of = (file: Uint8Array): string => `sha-256=:${createHash('sha256').update(file).digest('base64')}:`;
