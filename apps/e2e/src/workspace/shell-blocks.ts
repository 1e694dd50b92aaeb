import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { workspaceRoot } from './workspace-files.ts';

const run = promisify(execFile);

/** A fenced `sh` block of a page, and the `text` block right behind it that shows what it prints. */
export interface ShellBlock {
  readonly script: string;
  readonly shown: string | undefined;
}

export interface Ran extends ShellBlock {
  readonly printed: string;
}

export function shellBlocksOf(markdown: string): ShellBlock[] {
  const fences = [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fences.flatMap(([, language, script = ''], index) => {
    const next = fences[index + 1];
    return language === 'sh' ? [{ script, shown: next?.[1] === 'text' ? next[2] : undefined }] : [];
  });
}

/** Printed between the blocks (ASCII's own record separator). */
const separator = '\u001e';

/**
 * A request that is refused fails the page, also in the middle of a pipe; not where the page shows what the block prints,
 * which is compared: a refusal may be what it shows.
 */
const strictCurl = `curl() { command curl --fail-with-body "$@" || { echo "curl $*" >&2; kill $$; }; }`;
const plainCurl = `curl() { command curl "$@"; }`;

/** Runs the blocks of a page in one shell, one after the other, in the root of the workspace. */
export async function runBlocks(blocks: readonly ShellBlock[], env: Readonly<Record<string, string>>): Promise<Ran[]> {
  const guarded = blocks.map(({ script: own, shown }) => `${shown === undefined ? strictCurl : plainCurl}\n${own}`);
  const script = ['', ...guarded].join(`\nprintf '\\036'\n`);
  // nx asks for colours in the name of a terminal that these programs do not have.
  const plain = { ...process.env, FORCE_COLOR: '0', ...env };
  const { stdout } = await run('sh', ['-euc', script], { cwd: workspaceRoot, env: plain });
  const [, ...outputs] = stdout.split(separator);
  return blocks.map((block, index) => ({ ...block, printed: outputs[index] ?? '' }));
}

/** Whether the text shown is what was printed; `…` stands for any text. */
export function isAsShown(shown: string, printed: string): boolean {
  const parts = shown.trim().split('…').map(RegExp.escape);
  return new RegExp(`^${parts.join('[^]*?')}$`).test(printed.trim());
}
