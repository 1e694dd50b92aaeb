import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface Job {
  readonly id: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly bytes: unknown;
  readonly error?: unknown;
}

export interface MintedKey {
  readonly token: string;
  readonly key: { readonly id: string };
}

const lookEveryMs = 200;
const finalStates = ['completed', 'failed', 'cancelled', 'expired'];
/** The demo's files take seconds; what takes this long hangs. */
const jobWithinMs = 300_000;

/** What a program outside of Keyport would write: plain REST with one token. */
export class RestClient {
  readonly #url: string;
  readonly #token: string;
  readonly #signal: AbortSignal;

  constructor(url: string, token: string, signal: AbortSignal) {
    this.#url = url;
    this.#token = token;
    this.#signal = signal;
  }

  as(token: string): RestClient {
    return new RestClient(this.#url, token, this.#signal);
  }

  async status(method: string, path: string): Promise<number> {
    const response = await this.#fetch(method, path);
    await response.arrayBuffer();
    return response.status;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const json = body === undefined ? {} : { body: JSON.stringify(body), contentType: 'application/json' };
    return (await (await this.#fetchOk(method, path, json)).json()) as T;
  }

  async text(path: string, accept: string): Promise<string> {
    return (await this.#fetchOk('GET', path, { accept })).text();
  }

  /** Sends the file as a stream; resolves with the import's path once Keyport has every byte. */
  async upload(path: string, file: string, contentType: string): Promise<string> {
    const body = Readable.toWeb(createReadStream(file)) as ReadableStream;
    const response = await this.#fetchOk('POST', path, { body, contentType });
    await response.arrayBuffer();
    const location = response.headers.get('location');
    if (!location) throw new Error(`POST ${path} named no Location`);
    return new URL(location, this.#url).pathname;
  }

  /** Asks for a job until it has ended, and fails where it has not completed. */
  async untilDone(path: string, onProgress: (job: Job) => void = () => undefined): Promise<Job> {
    const deadline = Date.now() + jobWithinMs;
    for (;;) {
      const job = await this.json<Job>('GET', path);
      onProgress(job);
      if (job.state === 'completed') return job;
      if (finalStates.includes(job.state))
        throw new Error(`${path} ended ${job.state}: ${JSON.stringify(job.error ?? job)}`);
      if (Date.now() > deadline) throw new Error(`${path} is still ${job.state} after ${jobWithinMs / 1_000} s`);
      await delay(lookEveryMs, undefined, { signal: this.#signal });
    }
  }

  async #fetchOk(method: string, path: string, options: FetchOptions = {}): Promise<Response> {
    const response = await this.#fetch(method, path, options);
    if (response.ok) return response;
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  }

  #fetch(method: string, path: string, { body, contentType, accept }: FetchOptions = {}): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(contentType && { 'content-type': contentType }),
        ...(accept && { accept }),
      },
      ...(body !== undefined && { body, duplex: 'half' as const }),
      signal: this.#signal,
    });
  }
}

interface FetchOptions {
  readonly body?: string | ReadableStream;
  readonly contentType?: string;
  readonly accept?: string;
}
