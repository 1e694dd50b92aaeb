import { askChild } from '../children/ask-child.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import type { Laboratory } from './rounds.ts';

const times = 30;

export interface FirstByteRun {
  readonly what: string;
  /** From before the connection until the first byte of the body. */
  readonly ms: readonly number[];
}

const ndjson = { accept: 'application/x-ndjson' };
const filter = (query: object) => `?filter=${encodeURIComponent(JSON.stringify(query))}`;

const streams: readonly { readonly what: string; readonly query: string; readonly headers: Record<string, string> }[] =
  [
    { what: 'NDJSON', query: '', headers: ndjson },
    { what: 'JSON', query: '', headers: { accept: 'application/json' } },
    { what: 'CSV of named fields', query: '?fields=orderId,total,placedAt', headers: { accept: 'text/csv' } },
    { what: 'NDJSON, gzip', query: '', headers: { ...ndjson, 'accept-encoding': 'gzip' } },
    { what: 'NDJSON, zstd', query: '', headers: { ...ndjson, 'accept-encoding': 'zstd' } },
    { what: 'NDJSON, a filter that many match', query: filter({ paid: true }), headers: ndjson },
    { what: 'NDJSON, a filter that few match', query: filter({ total: { $lt: 1 } }), headers: ndjson },
  ];

/** How soon streams of a filled dataset begin. */
export async function firstByteRounds(
  { signal, log }: Laboratory,
  keyport: KeyportSide,
  place: string,
): Promise<FirstByteRun[]> {
  const runs: FirstByteRun[] = [];
  for (const { what, query, headers } of streams) {
    const asked = { target: keyport.streamTarget(place, query, headers), times };
    const { ms } = await askChild<{ ms: number[] }>('first-bytes.ts', asked, signal);
    log(`first byte, ${what}: ${Math.max(...ms).toFixed(0)} ms at most`);
    runs.push({ what, ms });
  }
  return runs;
}
