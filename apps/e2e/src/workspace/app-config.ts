import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceName } from '@keyport/contracts';
import { workspaceRoot } from './workspace-files.ts';

interface ParsedVariable {
  readonly success: boolean;
  readonly data?: string | number | readonly string[];
}

/** What is used here of a zod object. */
export interface ConfigSchema {
  readonly shape: Readonly<Record<string, { safeParse(value: unknown): ParsedVariable }>>;
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] };
  };
}

const isSchema = (value: unknown): value is ConfigSchema =>
  typeof value === 'object' && value !== null && 'shape' in value && 'safeParse' in value;

/** The schema of an app's environment. Loaded by path: no app may be imported, and this looks at all from outside. */
export async function configSchemaOf(app: ServiceName): Promise<ConfigSchema> {
  const path = join(workspaceRoot, 'apps', app, 'src', 'config.ts');
  const exported = Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  const [schema, ...others] = exported.filter(isSchema);
  if (!schema || others.length > 0) throw new Error(`${path} must export one schema`);
  return schema;
}
