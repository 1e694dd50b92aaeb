import type { Import } from '@keyport/contracts';
import { eventually, type KeyportClient, type Reply } from '@keyport/testing';

/** An import that is paused in its middle; another one where it was whole before that, as it is on a machine that stands still. */
export async function pausedImport(client: KeyportClient, dataset: string, file: string): Promise<Import> {
  const pause = async (): Promise<Reply<Import>> => {
    const { body } = await client.import(dataset, 'application/x-ndjson', file);
    return client.request<Import>(`/v1/imports/${body.id}/pause`, { method: 'POST' });
  };
  return (await eventually(pause, ({ status }) => status !== 409)).body;
}
