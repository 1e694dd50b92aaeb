import { setTimeout as delay } from 'node:timers/promises';
import type { Dataset, Export, Import, RejectedRow } from '@keyport/contracts';

type BodyInit = NonNullable<RequestInit['body']>;

export interface Reply<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface RequestInitWithJson {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: BodyInit;
}

interface MintedKey {
  readonly token: string;
  readonly key: { readonly id: string };
}

/** How long a job may take before a test gives up on it. */
const jobDeadlineMs = 120_000;

/** Keyport's REST API as a client program would call it, for tests, with `fetch` and nothing hidden. */
export class KeyportClient {
  constructor(
    readonly url: string,
    readonly token: string | undefined,
  ) {}

  /** The same deployment with another token. */
  with(token: string | undefined): KeyportClient {
    return new KeyportClient(this.url, token);
  }

  raw(path: string, { method = 'GET', headers = {}, json, body }: RequestInitWithJson = {}): Promise<Response> {
    return fetch(new URL(path, this.url), {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
  }

  /** The reply with its JSON body parsed, whatever its status. */
  async request<Body = unknown>(path: string, init?: RequestInitWithJson): Promise<Reply<Body>> {
    const response = await this.raw(path, init);
    const text = await response.text();
    const isJson = /^application\/(?:problem\+)?json\b/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }

  /** The JSON body of a success; any other status is an error that shows the problem. */
  async ok<Body>(path: string, init?: RequestInitWithJson): Promise<Body> {
    const { status, body } = await this.request<Body>(path, init);
    if (status >= 400) throw new Error(`${init?.method ?? 'GET'} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A client with a new key of just these scopes. */
  async minted(...scopes: string[]): Promise<KeyportClient & { readonly keyId: string }> {
    const { token, key } = await this.ok<MintedKey>('/v1/keys', {
      method: 'POST',
      json: { name: scopes.join(' ').slice(0, 200), scopes },
    });
    return Object.assign(this.with(token), { keyId: key.id });
  }

  putDataset(name: string, definition: { schema?: unknown; key?: string[] } = {}): Promise<Dataset> {
    return this.ok<Dataset>(`/v1/datasets/${name}`, { method: 'PUT', json: definition });
  }

  dataset(name: string): Promise<Dataset> {
    return this.ok<Dataset>(`/v1/datasets/${name}`);
  }

  /** Sends a file and answers as the gateway does (202, or a refusal). */
  import(
    dataset: string,
    contentType: string,
    body: BodyInit,
    query = '',
    headers: Record<string, string> = {},
  ): Promise<Reply<Import>> {
    const path = `/v1/datasets/${dataset}/imports${query}`;
    return this.request<Import>(path, { method: 'POST', headers: { 'content-type': contentType, ...headers }, body });
  }

  /** Sends a file and waits for the end of its import. */
  async imported(
    dataset: string,
    contentType: string,
    body: BodyInit,
    query = '',
    headers: Record<string, string> = {},
  ): Promise<Import> {
    const { status, body: started } = await this.import(dataset, contentType, body, query, headers);
    if (status !== 202) throw new Error(`the import was refused: ${status} ${JSON.stringify(started)}`);
    return this.importEnd(started.id);
  }

  importState(id: string): Promise<Import> {
    return this.ok<Import>(`/v1/imports/${id}`);
  }

  importEnd(id: string, withinMs = jobDeadlineMs): Promise<Import> {
    return this.untilEnded(() => this.importState(id), ['receiving', 'processing', 'paused'], withinMs);
  }

  async rejects(id: string): Promise<RejectedRow[]> {
    return parseNdjson<RejectedRow>(await this.text(`/v1/imports/${id}/rejects`));
  }

  async records<Row = Record<string, unknown>>(dataset: string, query = ''): Promise<Row[]> {
    return parseNdjson<Row>(await this.text(`/v1/datasets/${dataset}/records${query}`, 'application/x-ndjson'));
  }

  async text(path: string, accept = '*/*'): Promise<string> {
    const response = await this.raw(path, { headers: { accept } });
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
    return text;
  }

  async exported(dataset: string, selection: Record<string, unknown> = {}): Promise<Export> {
    const { id } = await this.ok<Export>(`/v1/datasets/${dataset}/exports`, { method: 'POST', json: selection });
    return this.untilEnded(() => this.ok<Export>(`/v1/exports/${id}`), ['queued', 'running'], jobDeadlineMs);
  }

  private async untilEnded<Job extends { state: string }>(
    read: () => Promise<Job>,
    running: readonly string[],
    withinMs: number,
  ): Promise<Job> {
    let last: Job | undefined;
    for (const end = Date.now() + withinMs; Date.now() < end; await delay(50)) {
      // The gateway or a service may be starting again just now: the job does not depend on it.
      last = (await read().catch(() => undefined)) ?? last;
      if (last && !running.includes(last.state)) return last;
    }
    throw new Error(`the job had not ended after ${withinMs} ms: ${JSON.stringify(last)}`);
  }
}

export function parseNdjson<Row>(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
