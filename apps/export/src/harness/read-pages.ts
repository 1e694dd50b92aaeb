import { readPage, type ExportSelection } from '@keyport/contracts';
import type { GatewayDouble, Who } from '@keyport/testing';

export type Selection = Partial<ExportSelection>;

/** Text of every page of a dataset, asked for one after another; something may happen behind the first. */
export async function readPages(
  gateway: GatewayDouble,
  who: Who,
  dataset: string,
  selection: Selection,
  behindFirst = () => Promise.resolve(),
): Promise<string[]> {
  return (await readPackedPages(gateway, who, dataset, selection, behindFirst)).map(String);
}

/** Bytes of every page, compressed where that is asked for. */
export async function readPackedPages(
  gateway: GatewayDouble,
  who: Who,
  dataset: string,
  selection: Selection,
  behindFirst = () => Promise.resolve(),
): Promise<Buffer[]> {
  const authority = await gateway.contextFor(who);
  const pages: Buffer[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const request = cursor
      ? { kind: 'next' as const, dataset, cursor }
      : { kind: 'first' as const, dataset, selection };
    const pieces: Uint8Array[] = [];
    for await (const reply of gateway.requester.stream(readPage, request, { authority })) {
      if ('bytes' in reply) pieces.push(reply.bytes);
      else cursor = reply.next;
    }
    pages.push(Buffer.concat(pieces));
    if (pages.length === 1) await behindFirst();
  }
  return pages;
}
