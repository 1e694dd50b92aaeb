import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readOrMakePrivateFile, writePrivateFile } from './private-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyport-file-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('writePrivateFile', () => {
  it('writes a file that only its owner can read, also over one that others could', async () => {
    const path = join(folder, 'owner.json');
    await writeFile(path, 'old', { mode: 0o644 });

    await writePrivateFile(path, 'new');

    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await modeOf(path)).toBe(0o600);
  });

  it('makes the folder where it is missing, for its owner alone', async () => {
    await writePrivateFile(join(folder, 'home', 'owner.json'), 'new');

    expect(await modeOf(join(folder, 'home'))).toBe(0o700);
  });
});

describe('readOrMakePrivateFile', () => {
  it('gives all who ask at once the same text, and leaves one file', async () => {
    const path = join(folder, 'master.key');
    let made = 0;

    const texts = await Promise.all(
      Array.from({ length: 20 }, () => readOrMakePrivateFile(path, () => `text ${(made += 1)}`)),
    );

    expect(new Set(texts).size).toBe(1);
    expect(await readFile(path, 'utf8')).toBe(texts[0]);
    expect(await readdir(folder)).toEqual(['master.key']);
    expect(await modeOf(path)).toBe(0o600);
  });

  it('never replaces a file that is there', async () => {
    const path = join(folder, 'master.key');
    await writeFile(path, 'kept');

    expect(await readOrMakePrivateFile(path, () => 'other')).toBe('kept');
  });
});
