import { parse } from 'yaml';
import { textOf } from './workspace-files.ts';

export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const readComposeFile = async (): Promise<ComposeFile> =>
  parse(await textOf('docker-compose.yml'), { merge: true }) as ComposeFile;

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}` (Compose specification, "Interpolation"). */
const placeholder = /\$\{(\w+)(?::([-?])([^}]*))?\}/g;

export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(placeholder, (_all, name: string, kind: string | undefined, rest: string | undefined) => {
    const value = values[name];
    if (value) return value;
    if (kind === '?') throw new Error(`${name}: ${rest}`);
    return rest ?? '';
  });
}

/** Names of the variables that the file takes, and whether it insists on them. */
export async function variablesOfCompose(): Promise<Map<string, { isRequired: boolean }>> {
  const text = (await textOf('docker-compose.yml')).replace(/^\s*#.*$/gm, '');
  return new Map([...text.matchAll(placeholder)].map(([, name = '', kind]) => [name, { isRequired: kind === '?' }]));
}

/** Lines `NAME=value` of .env.example. */
export async function exampleEnvironment(): Promise<Record<string, string>> {
  const lines = (await textOf('.env.example')).split('\n').filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
