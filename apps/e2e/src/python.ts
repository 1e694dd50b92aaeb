import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '@keyport/stack';

const run = promisify(execFile);

/**
 * Folder of the packages of a requirements file that names one package, for `PYTHONPATH`; fetched with pip into the cache
 * where it does not hold them.
 */
export async function pythonPackages(requirementsFile: string): Promise<string> {
  const [requirement = ''] = (await readFile(requirementsFile, 'utf8')).trim().split('\n');
  const cache = cacheFolder(process.env);
  const folder = join(cache, `python-${requirement.replace('==', '-')}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, '.installing-'));
  try {
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
    const target = join(temporary, 'packages');
    await run('python3', ['-m', 'pip', 'install', ...options, '--target', target, requirement]);
    // Another process may have been faster: its folder is as good as ours.
    await rename(target, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
