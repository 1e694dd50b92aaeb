import { KeyportError, type ExportCompression } from '@keyport/contracts';
import Negotiator from 'negotiator';

/** Content codings (RFC 9110 §8.4.1) in the order in which they are preferred where the client does not care: by speed. */
const codings = { zstd: 'zstd', gzip: 'gzip', identity: 'none' } as const satisfies Record<string, ExportCompression>;
const offered = Object.keys(codings) as (keyof typeof codings)[];

/** Its types know nothing of the option yet. */
interface Preferring {
  encoding(available: readonly string[], options: { readonly preferred: readonly string[] }): string | undefined;
}

/**
 * What `Accept-Encoding` prefers (RFC 9110 §12.5.3): nothing where it is missing, since who does not speak of codings
 * seldom knows one. Throws NOT_ACCEPTABLE where it takes neither these nor the text as it is.
 */
export function negotiateEncoding(acceptEncoding: string | string[] | undefined): ExportCompression {
  // `x-gzip` is gzip (RFC 9110 §8.4.1.3).
  const accept = String(acceptEncoding ?? '').replaceAll(/\bx-gzip\b/gi, 'gzip');
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } }) as Negotiator & Preferring;
  const chosen = negotiator.encoding(offered, { preferred: offered });
  if (chosen === undefined) throw new KeyportError('NOT_ACCEPTABLE', { accept, supported: offered.join(', ') });
  return codings[chosen as keyof typeof codings];
}
