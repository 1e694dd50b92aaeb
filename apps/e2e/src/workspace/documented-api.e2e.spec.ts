import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TeamMongod, TestStack } from '@keyport/testing';
import { isAsShown, runBlocks, shellBlocksOf, type Ran } from './shell-blocks.ts';
import { textOf, workspaceRoot } from './workspace-files.ts';

const folder = join(workspaceRoot, 'docs', 'guides');
/** Those of libraries show code alone, which their own tests run. */
const guides = readdirSync(folder).filter(
  (name) => name.endsWith('.md') && readFileSync(join(folder, name), 'utf8').includes('\n```sh\n'),
);

describe('What the documentation says of a running stack', () => {
  let stack: TestStack;
  let team: TeamMongod;

  beforeAll(async () => {
    // What docs/guides/existing-data.md says is there.
    team = await TeamMongod.start();
    const customers = team.db('erp').collection('customers');
    await customers.insertMany(['Ann', 'Bo', 'Cy'].map((name) => ({ no: name.charAt(0).toLowerCase(), name })));
    await customers.createIndex({ no: 1 }, { unique: true });
    stack = await TestStack.start({
      env: { KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }), KEYPORT_ISSUER_NETWORKS: '127.0.0.0/8' },
    });
  });

  afterAll(async () => {
    await stack?.stop();
    await team?.stop();
  });

  /** As somebody who sets these two and pastes the rest. */
  const printedBy = (markdown: string): Promise<Ran[]> =>
    runBlocks(shellBlocksOf(markdown), { KEYPORT_HOME: stack.home, KEYPORT_PORT: new URL(stack.gatewayUrl).port });

  it('is the OpenAPI document that the gateway serves (else: npx nx run gateway:openapi)', async () => {
    const committed: unknown = JSON.parse(await textOf('docs/openapi.json'));

    const served = await stack.client.ok<unknown>('/openapi.json');

    expect(served).toEqual(committed);
  });

  it('works as the README prints it: log in, mint a key, import, export', async () => {
    const [, section = ''] = (await textOf('README.md')).split('\n## Use it\n');

    // Each answer of the API ends without a line break; the script's comments part them here.
    const [ran] = await printedBy(section.replace(/^# .*$/gm, 'echo'));
    const lines = (ran?.printed ?? '').split('\n').filter((line) => line !== '');

    expect(lines).toHaveLength(3 + 5);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ name: 'airports', key: ['iata'] });
    const imported = { state: 'completed', counts: { read: 3376, inserted: 3376 } };
    expect(JSON.parse(lines[2] ?? '')).toMatchObject(imported);
    for (const line of lines.slice(3)) expect(JSON.parse(line)).toHaveProperty('iata');
  });

  it.each(guides)('works as docs/guides/%s prints it, and prints what that shows', async (guide) => {
    const ran = await printedBy(await textOf(`docs/guides/${guide}`));

    const shown = ran.filter((block) => block.shown !== undefined);
    expect(shown.length).toBeGreaterThan(2);
    for (const block of shown) {
      if (!isAsShown(block.shown ?? '', block.printed)) expect(block.printed.trim()).toBe(block.shown?.trim());
    }
  });
});
