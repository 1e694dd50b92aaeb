import { spawn, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { workspaceRoot } from './workspace-files.ts';

interface LintMessage {
  readonly ruleId: string | null;
  /** From 1. */
  readonly line: number;
}

const rule = '@nx/enforce-module-boundaries';
// As for a command of its own: not as a part of the nx that may run these tests.
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NX_|NODE_OPTIONS$)/.test(name))),
  NX_DAEMON: 'false',
};

/** Lints text as if it were the content of that file, with the project's own configuration. */
function lint(file: string, text: string): Promise<LintMessage[]> {
  const args = ['node_modules/eslint/bin/eslint.js', '--format', 'json', '--stdin', '--stdin-filename', file];
  const child = spawn(process.execPath, args, { cwd: workspaceRoot, env });
  let output = '';
  let complaint = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
  child.stdin.end(text);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      if (!output.startsWith('[')) return reject(new Error(`eslint said: ${complaint}`));
      resolve((JSON.parse(output) as { messages: LintMessage[] }[]).flatMap(({ messages }) => messages));
    });
  });
}

/** Those of the imports that the rule refuses in that file. */
async function refusedIn(file: string, imports: readonly string[]): Promise<(string | undefined)[]> {
  const messages = await lint(file, imports.map((target) => `import '${target}';\n`).join(''));
  const lines = messages.filter(({ ruleId }) => ruleId === rule).map(({ line }) => line);
  return [...new Set(lines)].map((line) => imports[line - 1]);
}

describe('The boundary rule', () => {
  beforeAll(() => {
    // Without nx's graph of the projects the rule would only warn and let everything pass.
    const { status, stderr } = spawnSync(process.execPath, ['node_modules/.bin/nx', 'show', 'projects'], {
      cwd: workspaceRoot,
      env,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`nx show projects failed: ${stderr}`);
  });

  it('lets an app import the libraries that its tag names, and neither others nor another app', async () => {
    const refused = await refusedIn('apps/gateway/src/main.ts', [
      '@keyport/contracts',
      '@keyport/codec',
      '@keyport/access',
      '@keyport/mongo',
      '../../auth/src/config.ts',
    ]);

    expect(refused).toEqual(['@keyport/codec', '@keyport/mongo', '../../auth/src/config.ts']);
  });

  it('lets no library import one that stands above it, nor the test harness', async () => {
    const refused = await refusedIn('libs/messaging/src/index.ts', [
      '@keyport/contracts',
      '@keyport/service',
      '@keyport/testing',
    ]);

    expect(refused).toEqual(['@keyport/service', '@keyport/testing']);
  });
});
