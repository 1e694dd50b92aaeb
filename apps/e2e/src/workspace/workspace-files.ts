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
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !notOurs.has(name));
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(folder, name));
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  return [...files, ...(await Promise.all(folders.map(walk))).flat()];
}

export const textOf = (path: string): Promise<string> => readFile(join(workspaceRoot, path), 'utf8');
