import { readPage, type ExportSelection } from '@keyport/contracts';
import type { GatewayDouble } from './gateway-double.ts';

export type Selection = Partial<ExportSelection>;

/** Text of every page of a dataset, asked for one after another. */
export async function readPages(
  { requester }: GatewayDouble,
  authority: string,
  dataset: string,
  selection: Selection,
): Promise<string[]> {
  const texts: string[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const request = cursor
      ? { kind: 'next' as const, dataset, cursor }
      : { kind: 'first' as const, dataset, selection };
    const pieces: Uint8Array[] = [];
    for await (const reply of requester.stream(readPage, request, { authority })) {
      if ('bytes' in reply) pieces.push(reply.bytes);
      else cursor = reply.next;
    }
    texts.push(Buffer.concat(pieces).toString());
  }
  return texts;
}
