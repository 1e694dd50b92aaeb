import { setTimeout as delay } from 'node:timers/promises';
import { assertSameRows, withNumbers, type Row } from './compare-rows.ts';
import { csvRows } from './csv-rows.ts';
import { demoFiles, type DemoFile } from './demo-files.ts';
import type { Job, MintedKey, RestClient } from './rest-client.ts';

export interface Measured {
  readonly what: string;
  readonly rows: number;
  readonly ms: number;
}

type Say = (line: string) => void;

const revokedWithinMs = 5_000;

/** The whole journey as the owner's program would make it; throws at the first thing that is not as promised. */
export async function makeJourney(owner: RestClient, say: Say): Promise<Measured[]> {
  const scopes = demoFiles.flatMap(({ dataset }) => [
    `imports:create:${dataset}`,
    `exports:create:${dataset}`,
    `records:read:${dataset}`,
  ]);
  const minted = await owner.json<MintedKey>('POST', '/v1/keys', { name: 'demo', scopes, expiresInSeconds: 3_600 });
  say(`minted a key with only ${scopes.join(' ')}`);
  const program = owner.as(minted.token);
  const measured: Measured[] = [];
  for (const file of demoFiles) {
    await owner.json('PUT', `/v1/datasets/${file.dataset}`, file.definition);
    measured.push(...(await thereAndBack(program, file, say)));
  }
  await showRefusals(owner, program, minted.key.id, say);
  return measured;
}

async function thereAndBack(program: RestClient, file: DemoFile, say: Say): Promise<Measured[]> {
  const rows = await file.readRows();
  const imported = await measure(`import ${file.dataset}`, rows.length, () =>
    importFile(program, file, rows.length, say),
  );
  const streamed = await measure(`stream ${file.dataset} as NDJSON`, rows.length, () =>
    program.text(`/v1/datasets/${file.dataset}/records`, 'application/x-ndjson'),
  );
  assertSameRows(`${file.dataset} as NDJSON`, rows, ndjsonRows(streamed.value));
  const exported = await measure(`export ${file.dataset} as CSV`, rows.length, () => exportCsv(program, file.dataset));
  assertSameRows(`${file.dataset} as CSV`, rows, withNumbers(withoutId(csvRows(exported.value)), file.numericColumns));
  say(`${file.dataset}: all ${rows.length} rows came back with every value, as NDJSON and as CSV`);
  return [imported, streamed, exported];
}

async function importFile(program: RestClient, { dataset, file, contentType }: DemoFile, rows: number, say: Say) {
  const path = await program.upload(`/v1/datasets/${dataset}/imports`, file, contentType);
  let shown = '';
  const job = await program.untilDone(path, ({ state, counts }: Job) => {
    const line = `importing ${dataset}: ${state}, ${counts.read} of ${rows} rows read`;
    if (line !== shown) say((shown = line));
  });
  const { read, inserted, rejected } = job.counts;
  if (read !== rows || inserted !== rows) {
    throw new Error(`${dataset}: ${rows} rows in the file, ${read} read, ${inserted} inserted, ${rejected} rejected`);
  }
}

async function exportCsv(program: RestClient, dataset: string): Promise<string> {
  const { id } = await program.json<Job>('POST', `/v1/datasets/${dataset}/exports`, { format: 'csv' });
  await program.untilDone(`/v1/exports/${id}`);
  return program.text(`/v1/exports/${id}/file`, 'text/csv');
}

async function showRefusals(owner: RestClient, program: RestClient, keyId: string, say: Say): Promise<void> {
  const forbidden = await program.status('DELETE', '/v1/datasets/airports');
  if (forbidden !== 403)
    throw new Error(`deleting a dataset with a key without that right answered ${forbidden}, not 403`);
  say('the key may not delete the dataset: 403');
  const revoking = await owner.status('DELETE', `/v1/keys/${keyId}`);
  if (revoking >= 300) throw new Error(`revoking the key answered ${revoking}`);
  const revokedAt = Date.now();
  while ((await program.status('GET', '/v1/auth/me')) !== 401) {
    if (Date.now() - revokedAt > revokedWithinMs) throw new Error('the revoked key is still accepted after 5 s');
    await delay(10);
  }
  say(`the revoked key is refused after ${Date.now() - revokedAt} ms: 401`);
}

async function measure<T>(what: string, rows: number, work: () => Promise<T>): Promise<Measured & { value: T }> {
  const startedAt = performance.now();
  const value = await work();
  return { what, rows, ms: performance.now() - startedAt, value };
}

const ndjsonRows = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

const withoutId = (rows: Record<string, string>[]) => rows.map(({ _id, ...row }) => row);
