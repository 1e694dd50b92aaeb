import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack } from '@keyport/testing';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('The examples', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  it('first-import stores nine orders of ten and says what is wrong with the tenth', async () => {
    const env = { ...process.env, KEYPORT_URL: stack.gatewayUrl, KEYPORT_TOKEN: stack.owner.token };

    const { stdout } = await run(process.execPath, ['examples/first-import/src/main.mjs'], { cwd: root, env });

    expect(stdout).toContain('completed: 10 read, 9 stored, 1 rejected');
    expect(stdout).toContain('line 5: MALFORMED_JSON');
    expect(stdout).toContain('orderId,quantity\n0,0\n1,3\n');
  });
});
