import { createHash, type Hash } from 'node:crypto';
import { jobLimits } from '@keyport/access';
import { giveBack } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { TextPacker, type Packed } from '../writing/packed-text.ts';
import { DatasetReader, type ReadPage } from '../reading/dataset-reader.service.ts';
import { decodePosition, encodePosition, type Position } from '../reading/position.ts';
import { ExportRoom } from './export-room.service.ts';
import { EXPORT_SETTINGS, type ExportSettings } from './export-settings.ts';
import { LeaseLost } from './lease-lost.ts';
import { orAborted } from './or-aborted.ts';
import { PartsRepository } from './parts.repository.ts';
import { RunsRepository, type ClaimedExport, type Progress } from './runs.repository.ts';

/** Text that is stored in one transaction; at most so much is written anew after a kill. */
const batchBytes = 2 * 1024 * 1024;
/** Pages that give no text (columns are being collected) move the position too, now and then. */
const batchPages = 64;

/** Milliseconds to live through a restart of `records`; longer absences are for the next try. */
const retryForMs = 15_000;

/** Writes the file of an export from where it is to its end. */
@Injectable()
export class ExportWriter {
  constructor(
    private readonly reader: DatasetReader,
    private readonly runs: RunsRepository,
    private readonly parts: PartsRepository,
    private readonly room: ExportRoom,
    @Inject(EXPORT_SETTINGS) private readonly settings: ExportSettings,
  ) {}

  /** Throws {@link LeaseLost}, the signal's reason, EXPORTS_FULL, and what `records` answers. */
  async write(run: ClaimedExport, signal: AbortSignal): Promise<void> {
    const hash = await this.hashStored(run, signal);
    const file: FileSoFar = { hash, length: run.bytes, since: run.since ?? undefined };
    const packer = new TextPacker(run.selection.compression, run.tail ?? undefined);
    let batch = emptyBatch();
    // The next batch is being read, written and compressed while one is stored.
    let storing = Promise.resolve();
    for await (const page of this.pages(run, signal)) {
      signal.throwIfAborted();
      file.since ??= page.since;
      add(batch, page);
      for (const text of page.write()) {
        packer.add(text);
        batch.length += text.length;
      }
      if (page.next && isFull(batch)) {
        await storing;
        storing = this.store(run, file, { ...batch, ...packer.take(), position: encodePosition(page.next) });
        storing.catch(() => undefined);
        batch = emptyBatch();
      }
    }
    await storing;
    const progress = await added(file, batch, packer.end(file.length === 0));
    await this.room.take(progress.length);
    const finishedAt = new Date();
    const expiresAt = new Date(finishedAt.getTime() + this.settings.keepMs);
    await this.runs.complete(run, progress, { digest: digestOf(file.hash), finishedAt, expiresAt });
  }

  private async store(
    run: ClaimedExport,
    file: FileSoFar,
    { position, tail, pieces, ...batch }: PackedBatch,
  ): Promise<void> {
    const progress = await added(file, batch, pieces);
    await this.room.take(progress.length);
    await this.runs.store(run, progress, position, tail);
    progress.pieces.forEach(giveBack);
  }

  /** Asks for each page before the one before it is turned into text. */
  private async *pages(run: ClaimedExport, signal: AbortSignal): AsyncGenerator<ReadPage> {
    const limits = jobLimits(run);
    const options = { authority: run.grant, retryForMs, signal, limits };
    const at = run.position
      ? decodePosition(run.position)
      : await orAborted(this.reader.begin({ ...run, limits }, run.selection, options), signal);
    const read = (position: Position) => {
      const reading = this.reader.read(position, options);
      reading.catch(() => undefined);
      return reading;
    };
    for (let reading: Promise<ReadPage> | undefined = read(at); reading;) {
      const page: ReadPage = await orAborted(reading, signal);
      reading = page.next && read(page.next);
      yield page;
    }
  }

  /** The state of a hash cannot be stored, so what earlier holders stored is hashed again. */
  private async hashStored({ _id, bytes }: ClaimedExport, signal: AbortSignal): Promise<Hash> {
    const hash = createHash('sha256');
    let length = 0;
    if (bytes === 0) return hash;
    for await (const part of this.parts.readAll(_id)) {
      signal.throwIfAborted();
      hash.update(part);
      length += part.length;
    }
    // Parts and length change in one transaction: they differ only where a newer holder adds to them.
    if (length !== bytes) throw new LeaseLost();
    return hash;
  }
}

interface FileSoFar {
  readonly hash: Hash;
  length: number;
  /** Of the first page of all: columns that a second pass over a table finds no more are told by what changed since. */
  since: string | undefined;
}

/** Pages whose text is stored together. */
interface Batch {
  length: number;
  written: number;
  pages: number;
}

interface PackedBatch extends Batch, Packed {
  readonly position: Uint8Array;
}

const emptyBatch = (): Batch => ({ length: 0, written: 0, pages: 0 });

function add(batch: Batch, page: ReadPage): void {
  batch.written += page.count;
  batch.pages += 1;
}

const isFull = ({ length, pages }: Batch) => length >= batchBytes || pages >= batchPages;

/** Counts and hashes bytes as the next ones of the file. */
async function added(file: FileSoFar, { written }: Batch, packed: Promise<readonly Uint8Array[]>): Promise<Progress> {
  const pieces = await packed;
  const offset = file.length;
  for (const piece of pieces) {
    file.hash.update(piece);
    file.length += piece.length;
  }
  return { offset, pieces, length: file.length - offset, written, since: file.since };
}

/** RFC 9530 §2: `sha-256` as a structured field, as `Repr-Digest` carries it. */
const digestOf = (hash: Hash) => `sha-256=:${hash.digest('base64')}:`;
