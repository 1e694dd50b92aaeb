import type { Export } from '@keyport/contracts';
import { until, type KeyportClient } from '@keyport/testing';

/** Has files written of a dataset that nothing changes, while whoever writes them is killed, and compares them. */
export class ExportsUnderFire {
  private readonly started: Promise<string>[] = [];

  private constructor(
    private readonly client: KeyportClient,
    private readonly dataset: string,
    private readonly expected: string,
  ) {}

  static async of(client: KeyportClient, dataset: string): Promise<ExportsUnderFire> {
    return new ExportsUnderFire(client, dataset, await client.text(`/v1/datasets/${dataset}/records`, ndjson));
  }

  /** Asks for one more file, again and again where nobody answers. */
  start(): void {
    this.started.push(this.ask());
  }

  /** How each file that was asked for came out: `exact` is what is wanted. */
  async outcomes(): Promise<string[]> {
    const outcomes: string[] = [];
    for (const id of await Promise.all(this.started)) {
      let job: Export | undefined;
      await until(
        async () => {
          job = await this.client.ok<Export>(`/v1/exports/${id}`).catch(() => undefined);
          return job !== undefined && job.finishedAt !== null;
        },
        `the export ${id}`,
        300_000,
      );
      if (job?.state === 'completed') outcomes.push(await this.compare(id));
      else outcomes.push(JSON.stringify(job));
    }
    return outcomes;
  }

  private async compare(id: string): Promise<string> {
    const file = await this.client.text(`/v1/exports/${id}/file`);
    return file === this.expected ? 'exact' : `${id}: ${file.length} instead of ${this.expected.length} characters`;
  }

  private async ask(): Promise<string> {
    let id: string | undefined;
    const path = `/v1/datasets/${this.dataset}/exports`;
    await until(async () => {
      const asked = await this.client.ok<Export>(path, { method: 'POST', json: {} }).catch(() => undefined);
      id = asked?.id;
      return id !== undefined;
    }, 'an export to be accepted');
    return id ?? '';
  }
}

const ndjson = 'application/x-ndjson';
