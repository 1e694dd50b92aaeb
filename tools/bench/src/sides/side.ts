import type { FileFormat } from '../data-file.ts';
import type { HttpTarget } from '../children/http-target.ts';
import type { SentFile } from '../children/send-file.ts';

/** One of the two that are compared. A place is a dataset or a collection. */
export interface Side {
  readonly name: 'keyport' | 'bare';
  /** Pids of every process that does the work, by name. */
  processes(): Promise<Readonly<Record<string, readonly number[]>>>;
  prepare(place: string): Promise<void>;
  importTarget(place: string, format: FileFormat): HttpTarget;
  /** Throws where the answer does not say that exactly `rows` rows were stored. */
  checkImport(sent: SentFile, rows: number): void;
  exportTarget(place: string): HttpTarget;
  drop(place: string): Promise<void>;
}
