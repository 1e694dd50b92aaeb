/** Turns what is signed, `header.payload`, into a signature. */
export type Signer = (input: string) => Uint8Array;

export const base64url = (content: string | Uint8Array): string => Buffer.from(content).toString('base64url');

/** A compact JWS of exactly these texts, so that a forgery can be wrong in any byte of them. */
export function compactJws(header: string | Uint8Array, payload: string | Uint8Array, sign: Signer): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(sign(input))}`;
}

/** Header, payload and signature as the token writes them. */
export const partsOf = (token: string): [header: string, payload: string, signature: string] =>
  token.split('.') as [string, string, string];

/** The token with one part (0 header, 1 payload, 2 signature) written differently. */
export const withPart = (token: string, index: 0 | 1 | 2, change: (part: string) => string): string =>
  partsOf(token)
    .map((part, at) => (at === index ? change(part) : part))
    .join('.');

export const jsonOfPart = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
