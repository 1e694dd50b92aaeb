import type { Db, MongoClient } from 'mongodb';
import { startServerChild, type ServerChild } from '../children/ask-child.ts';
import type { FileFormat } from '../data-file.ts';
import type { SentFile } from '../children/send-file.ts';
import type { ExportKind, Side } from './side.ts';

const databaseName = 'bench_bare';

export interface BareServers {
  readonly mongodbUrl: string;
  readonly client: MongoClient;
  readonly mongodPids: () => Promise<readonly number[]>;
}

/** The bare scripts, each a process of its own that lives as long as the stack does, so that both are warm. */
export class BareSide implements Side {
  readonly name = 'bare';

  private constructor(
    private readonly database: Db,
    private readonly importers: Readonly<Record<FileFormat, ServerChild>>,
    private readonly exporters: Readonly<Record<FileFormat, ServerChild>>,
    private readonly mongodPids: () => Promise<readonly number[]>,
  ) {}

  static async start({ mongodbUrl, client, mongodPids }: BareServers, signal: AbortSignal): Promise<BareSide> {
    const env = { MONGODB_URL: mongodbUrl, BARE_DATABASE: databaseName };
    const [ndjson, csv, ndjsonExporter, csvExporter] = await Promise.all([
      startServerChild('bare-import.ts', env, signal),
      startServerChild('bare-csv-import.ts', env, signal),
      startServerChild('bare-export.ts', env, signal),
      startServerChild('bare-csv-export.ts', env, signal),
    ]);
    const exporters = { ndjson: ndjsonExporter, csv: csvExporter };
    return new BareSide(client.db(databaseName), { ndjson, csv }, exporters, mongodPids);
  }

  async processes() {
    return {
      'bare import': [this.importers.ndjson.pid],
      'bare CSV import': [this.importers.csv.pid],
      'bare export': [this.exporters.ndjson.pid],
      'bare CSV export': [this.exporters.csv.pid],
      mongod: await this.mongodPids(),
    };
  }

  async prepare(place: string): Promise<void> {
    await this.database.createCollection(place);
  }

  importTarget(place: string, format: FileFormat) {
    return { url: `${this.importers[format].url}/${place}`, headers: {} };
  }

  checkImport({ status, body }: SentFile, rows: number): void {
    if (status !== 200 || body !== JSON.stringify({ inserted: rows })) {
      throw new Error(`the bare import of ${rows} rows answered ${status} ${body}`);
    }
  }

  /** A file is what its stream is: the script has nothing that could be asked for a second time. */
  exportTarget(place: string, kind: ExportKind) {
    return { url: `${this.exporters[kind === 'csv' ? 'csv' : 'ndjson'].url}/${place}`, headers: {} };
  }

  async drop(place: string): Promise<void> {
    await this.database.collection(place).drop();
  }

  async stop(): Promise<void> {
    for (const child of [...Object.values(this.importers), ...Object.values(this.exporters)]) child.stop();
    await this.database.dropDatabase();
  }
}
