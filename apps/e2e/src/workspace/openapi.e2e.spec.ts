import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack } from '@keyport/testing';
import { textOf } from './workspace-files.ts';

describe('docs/openapi.json', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  it('is what a running gateway serves (else: npx nx run gateway:openapi)', async () => {
    const committed: unknown = JSON.parse(await textOf('docs/openapi.json'));

    const served = await stack.client.ok<unknown>('/openapi.json');

    expect(served).toEqual(committed);
  });
});
