import { TestStack, type KeyportClient } from '@keyport/testing';
import type { FileFormat } from '../data-file.ts';
import type { FileTarget, HttpTarget } from '../children/http-target.ts';
import { orderColumns } from '../children/csv-orders.ts';
import type { SentFile } from '../children/send-file.ts';
import type { ExportKind, Side } from './side.ts';

/** What the gateway honours at most. */
const waitSeconds = 300;

/** The fields of an import's reply that decide whether a run counts. */
interface ImportEnd {
  readonly state: string;
  readonly counts: { readonly read: number; readonly inserted: number };
}

/** The whole stack, used through its gateway with a key that has just the rights it needs. */
export class KeyportSide implements Side {
  readonly name = 'keyport';

  private constructor(
    readonly stack: TestStack,
    private readonly caller: KeyportClient,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<KeyportSide> {
    // A flood of bad tokens comes from this machine's one address: without the limit each of them costs its check.
    const unlimited = { KEYPORT_UNAUTHENTICATED_PER_SECOND: '1000000', KEYPORT_PROOFS_PER_SECOND: '1000000' };
    const stack = await TestStack.start({ env: { ...unlimited, ...env } });
    const scopes = ['imports:create:bench-*', 'records:read:bench-*', 'exports:create:bench-*'];
    const caller = await stack.client.minted(...scopes).catch(async (error) => {
      await stack.stop();
      throw error;
    });
    return new KeyportSide(stack, caller);
  }

  async processes() {
    return (await this.stack.describe()).processes;
  }

  async prepare(place: string): Promise<void> {
    await this.stack.client.putDataset(place);
  }

  importTarget(place: string, format: FileFormat): HttpTarget {
    const prefer = `wait=${waitSeconds}`;
    const path = `/v1/datasets/${place}/imports`;
    if (format === 'csv') return this.target(`${path}?types=header`, { 'content-type': 'text/csv', prefer });
    return this.target(path, { 'content-type': 'application/x-ndjson', prefer });
  }

  checkImport({ status, body }: SentFile, rows: number): void {
    const { state, counts } = (status === 200 ? JSON.parse(body) : {}) as Partial<ImportEnd>;
    if (state !== 'completed' || counts?.read !== rows || counts.inserted !== rows) {
      throw new Error(`Keyport's import of ${rows} rows answered ${status} ${body}`);
    }
  }

  exportTarget(place: string, kind: ExportKind): HttpTarget | FileTarget {
    const dataset = `/v1/datasets/${place}`;
    if (kind === 'file')
      return { ...this.target(`${dataset}/exports`, {}), order: JSON.stringify({ format: 'ndjson' }) };
    if (kind === 'ndjson') return this.target(`${dataset}/records`, { accept: 'application/x-ndjson' });
    return this.target(`${dataset}/records?fields=${orderColumns.join(',')}`, { accept: 'text/csv' });
  }

  streamTarget(place: string, query: string, headers: Readonly<Record<string, string>>): HttpTarget {
    return this.target(`/v1/datasets/${place}/records${query}`, headers);
  }

  meTarget(): HttpTarget {
    return this.target('/v1/auth/me', {});
  }

  /** A public route of the gateway, whose answer is as long as a few hundred bytes too. */
  openTarget(): HttpTarget {
    return { url: new URL('/.well-known/jwks.json', this.caller.url).href, headers: {} };
  }

  me(): Promise<object> {
    return this.caller.ok<object>('/v1/auth/me');
  }

  async drop(place: string): Promise<void> {
    await this.stack.client.ok(`/v1/datasets/${place}`, { method: 'DELETE' });
  }

  private target(path: string, headers: Readonly<Record<string, string>>): HttpTarget {
    const { url, token } = this.caller;
    return { url: new URL(path, url).href, headers: { ...headers, authorization: `Bearer ${token}` } };
  }
}
