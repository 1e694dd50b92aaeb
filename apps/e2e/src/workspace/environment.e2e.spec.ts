import { describe, expect, it } from '@jest/globals';
import { filesUnder, textOf } from './workspace-files.ts';

/** Code that runs in tests alone, and the one place a process reads its environment in. */
const mayRead = /\.spec\.ts$|\/harness\/|^libs\/testing\/|^apps\/e2e\/|\/config\.ts$/;

describe('The environment', () => {
  it('is read in config.ts alone', async () => {
    const files = (await filesUnder(['apps', 'libs'], '.ts')).filter((path) => !mayRead.test(path));
    const readers: string[] = [];

    for (const file of files) if (/\bprocess\.env\b/.test(await textOf(file))) readers.push(file);

    expect(files.length).toBeGreaterThan(100);
    expect(readers).toEqual([]);
  });
});
