import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack, until } from '@keyport/testing';

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

  it('orders-service publishes orders with a key that may do nothing else, and they become records', async () => {
    const { client } = stack;
    await client.putDataset('orders', { key: ['orderId'] });
    const { token } = await client.minted('events:publish:orders');
    const { natsAddress } = await stack.describe();
    const env = { ...process.env, NATS_URL: natsAddress, KEYPORT_TOKEN: token };
    const program = ['--import', './tools/build/src/register.mjs', 'examples/orders-service/src/main.ts'];

    const { stdout } = await run(process.execPath, program, { cwd: root, env });

    expect(stdout).toContain('30 orders: 6 placed, 20 shipped, 4 cancelled');
    const statuses = async () => {
      const records = await client.records<{ status: string }>('orders', '?fields=orderId,status');
      const of = (status: string) => records.filter((record) => record.status === status).length;
      return { all: records.length, placed: of('placed'), shipped: of('shipped'), cancelled: of('cancelled') };
    };
    const expected = { all: 30, placed: 6, shipped: 20, cancelled: 4 };
    await until(async () => JSON.stringify(await statuses()) === JSON.stringify(expected), 'the orders', 60_000);
  });
});
