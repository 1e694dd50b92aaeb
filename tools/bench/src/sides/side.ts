import type { FileFormat } from '../data-file.ts';
import type { FileTarget, HttpTarget } from '../children/http-target.ts';
import type { SentFile } from '../children/send-file.ts';

/** As a stream of NDJSON or CSV, or NDJSON as a file that is made first. */
export type ExportKind = FileFormat | 'file';

/** One of the two that are compared. A place is a dataset or a collection. */
export interface Side {
  readonly name: 'keyport' | 'bare';
  /** Pids of every process that does the work, by name. */
  processes(): Promise<Readonly<Record<string, readonly number[]>>>;
  prepare(place: string): Promise<void>;
  importTarget(place: string, format: FileFormat): HttpTarget;
  /** Throws where the answer does not say that exactly `rows` rows were stored. */
  checkImport(sent: SentFile, rows: number): void;
  exportTarget(place: string, kind: ExportKind): HttpTarget | FileTarget;
  drop(place: string): Promise<void>;
}
