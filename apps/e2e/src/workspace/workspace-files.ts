import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('../../../../', import.meta.url));

const notOurs = new Set(['node_modules', 'dist', 'tmp']);

/** Paths from the root of all files under the folders whose names end so. */
export async function filesUnder(folders: readonly string[], ending: string): Promise<string[]> {
  const lists = await Promise.all(folders.map((folder) => walk(join(workspaceRoot, folder))));
  return lists
    .flat()
    .filter((path) => path.endsWith(ending))
    .map((path) => relative(workspaceRoot, path))
    .sort();
}

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const lists = await Promise.all(
    entries
      .filter(({ name }) => !notOurs.has(name))
      .map((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)])),
  );
  return lists.flat();
}

export const textOf = (path: string): Promise<string> => readFile(join(workspaceRoot, path), 'utf8');
