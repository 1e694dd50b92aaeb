import { setTimeout as delay } from 'node:timers/promises';
import type { KeyportClient } from '@keyport/testing';

const datasets = ['drill-a', 'drill-b', 'drill-c'];
const scopes = ['records:read:drill-a', 'records:read:drill-b', 'imports:read:*'];

/** What people and programs do all the time: whatever fails, because somebody was killed, is left as it is. */
export class Commotion {
  /** What was asked, and how often it was answered with success. */
  readonly done = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly imports: string[] = [];
  private isOver = false;
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: KeyportClient,
    private readonly random: () => number,
  ) {}

  start(): void {
    const acts = [this.keyActs, this.datasetActs, this.jobActs];
    this.work = Promise.all([...acts, ...acts].map((some) => this.repeat(some)));
  }

  /** Whatever there is to do was done once. */
  get hasDoneAll(): boolean {
    return [this.keyActs, this.datasetActs, this.jobActs].every((acts) =>
      Object.keys(acts).every((name) => this.done.has(name)),
    );
  }

  /** Resolves once nothing is asked any more. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.work;
  }

  private async repeat(acts: Readonly<Record<string, () => Promise<boolean>>>): Promise<void> {
    const names = Object.keys(acts);
    while (!this.isOver) {
      const name = this.oneOf(names) ?? '';
      const isDone = await acts[name]?.().catch(() => false);
      if (isDone) this.done.set(name, (this.done.get(name) ?? 0) + 1);
      await delay(10 + this.random() * 40);
    }
  }

  private readonly keyActs = {
    'key created': async () => {
      const { status, body } = await this.client.request<{ key: { id: string } }>('/v1/keys', {
        ...{ method: 'POST', json: { name: 'drill', scopes } },
      });
      if (status === 201) this.keys.push(body.key.id);
      return status === 201;
    },
    'key changed': () => this.onKey('PATCH', '', { scopes: scopes.slice(0, 1 + Math.floor(this.random() * 3)) }),
    'key rotated': () => this.onKey('POST', '/rotate', {}),
    'key revoked': async () => this.random() < 0.5 && (await this.onKey('DELETE', '')),
  };

  private readonly datasetActs = {
    'dataset put': () => {
      const properties = { n: { type: this.random() < 0.5 ? 'integer' : 'number' } };
      return this.ask('PUT', `/v1/datasets/${this.dataset()}`, { key: ['k'], schema: { properties } });
    },
    'dataset tracked': () => this.ask('PATCH', `/v1/datasets/${this.dataset()}`, { trackChanges: this.random() < 0.5 }),
    'record put': () => {
      const k = Math.floor(this.random() * 50);
      return this.ask('PUT', `/v1/datasets/${this.dataset()}/records/one-${k}`, { k: `one-${k}`, n: k });
    },
    'record deleted': () =>
      this.ask('DELETE', `/v1/datasets/${this.dataset()}/records/one-${Math.floor(this.random() * 50)}`),
    'dataset deleted': async () => this.random() < 0.15 && (await this.ask('DELETE', `/v1/datasets/${this.dataset()}`)),
  };

  private readonly jobActs = {
    'import sent': async () => {
      const mode = this.oneOf(['insert', 'upsert', 'merge', 'delete']);
      const from = Math.floor(this.random() * 400);
      const rows = Array.from({ length: 300 }, (_, index) => JSON.stringify({ k: `row-${from + index}`, n: index }));
      const query = `?mode=${mode}&key=k`;
      const { status, body } = await this.client.import(
        ...([this.dataset(), 'application/x-ndjson', `${rows.join('\n')}\n`, query] as const),
      );
      if (status === 202) this.imports.push(body.id);
      return status === 202;
    },
    'upload begun': async () => (await this.beginUpload()) !== undefined,
    'import cancelled': async () => {
      const id = this.random() < 0.5 ? this.oneOf(this.imports.slice(-2)) : await this.beginUpload();
      return this.ask('POST', `/v1/imports/${id ?? 'none'}/cancel`);
    },
    'import undone': () => this.ask('POST', `/v1/imports/${this.oneOf(this.imports) ?? 'none'}/undo`),
    'export asked': () => this.ask('POST', `/v1/datasets/${this.dataset()}/exports`, { format: 'ndjson' }),
    'export cancelled': async () => {
      const { status, body } = await this.client.request<{ id: string }>(`/v1/datasets/${this.dataset()}/exports`, {
        ...{ method: 'POST', json: { format: 'csv', fields: ['k'] } },
      });
      return status === 202 && (await this.ask('POST', `/v1/exports/${body.id}/cancel`));
    },
  };

  /** One that nobody goes on with; its id. */
  private async beginUpload(): Promise<string | undefined> {
    const metadata = `dataset ${base64(this.dataset())},format ${base64('ndjson')}`;
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '1000', 'upload-metadata': metadata };
    const response = await this.client.raw('/v1/uploads', { method: 'POST', headers });
    await response.text();
    return response.status === 201 ? response.headers.get('location')?.split('/').at(-1) : undefined;
  }

  private onKey(method: string, path: string, json?: object): Promise<boolean> {
    return this.ask(method, `/v1/keys/${this.oneOf(this.keys) ?? 'none'}${path}`, json);
  }

  private async ask(method: string, path: string, json?: object): Promise<boolean> {
    const { status } = await this.client.request(path, { method, ...(json && { json }) });
    return status < 300;
  }

  private dataset(): string {
    return this.oneOf(datasets) ?? '';
  }

  private oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.random() * items.length)];
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
