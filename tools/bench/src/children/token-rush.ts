import { randomBytes } from 'node:crypto';
import { answer } from './answer.ts';
import { getRequest, KeepAliveLine } from './keep-alive-line.ts';

export interface TokenRush {
  readonly url: string;
  readonly connections: number;
  /** Each is sent once, as fast as it goes. */
  readonly tokens?: readonly string[];
  /** Instead: for so many seconds copies of a token, each with a random signature of its own, so that no two are alike. */
  readonly forged?: { readonly from: string; readonly seconds: number };
}

export interface RushResult {
  readonly seconds: number;
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Bytes of an ES256 signature. */
const signatureBytes = 64;

function* tokensOf({ tokens = [], forged }: TokenRush): Generator<string> {
  yield* tokens;
  if (!forged) return;
  const unsigned = forged.from.slice(0, forged.from.lastIndexOf('.'));
  const end = performance.now() + forged.seconds * 1_000;
  while (performance.now() < end) yield `${unsigned}.${randomBytes(signatureBytes).toString('base64url')}`;
}

answer<TokenRush, RushResult>(async (rush) => {
  const { url, connections } = rush;
  const lines = await Promise.all(Array.from({ length: connections }, () => KeepAliveLine.open(url)));
  const [before, after] = getRequest(url, { authorization: 'Bearer *' }).split('*') as [string, string];
  const statuses: Record<string, number> = {};
  const tokens = tokensOf(rush);
  const began = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      // All lines draw from the one generator.
      for (let next = tokens.next(); !next.done; next = tokens.next()) {
        const status = await line.ask(before + next.value + after);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  for (const line of lines) line.close();
  return { seconds, statuses };
});
