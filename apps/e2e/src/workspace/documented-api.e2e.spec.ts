import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack } from '@keyport/testing';
import { textOf, workspaceRoot } from './workspace-files.ts';

const run = promisify(execFile);

describe('What the documentation says of a running stack', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  it('is the OpenAPI document that the gateway serves (else: npx nx run gateway:openapi)', async () => {
    const committed: unknown = JSON.parse(await textOf('docs/openapi.json'));

    const served = await stack.client.ok<unknown>('/openapi.json');

    expect(served).toEqual(committed);
  });

  it('works as the README prints it: log in, import, export', async () => {
    const [, block = ''] = /^## Use it$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(await textOf('README.md')) ?? [];
    const script = block
      .replaceAll('http://127.0.0.1:3000', stack.gatewayUrl)
      .replaceAll('./.keyport/owner.json', join(stack.home, 'owner.json'));

    // Each answer of the API ends without a line break; the script's comments part them here.
    const { stdout } = await run('sh', ['-ec', script.replace(/^# .*$/gm, 'echo')], { cwd: workspaceRoot });
    const lines = stdout.split('\n').filter((line) => line !== '');

    expect(lines).toHaveLength(2 + 5);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 });
    // The dataset, and behind it the import that took every row of the file.
    expect(lines[1]).toMatch(/"key":\["iata"\].*"state":"completed".*"read":3376,"inserted":3376/);
    for (const line of lines.slice(2)) expect(JSON.parse(line)).toHaveProperty('iata');
  });
});
