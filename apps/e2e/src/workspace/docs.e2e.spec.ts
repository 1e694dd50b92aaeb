import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { eventErrorCodes, serviceNames } from '@keyport/contracts';
import { configSchemaOf } from './app-config.ts';
import { variablesOfCompose } from './compose-file.ts';
import { filesUnder, textOf, workspaceRoot } from './workspace-files.ts';

const atRoot = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

/** `[text](target)`, outside code. */
function linksIn(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsIn = (markdown: string) =>
  [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

async function isBroken(page: string, target: string): Promise<boolean> {
  const [path = '', anchor] = target.split('#');
  const found = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(workspaceRoot, found))) return true;
  return anchor !== undefined && !anchorsIn(await textOf(found)).includes(anchor);
}

async function rowErrors(): Promise<readonly { readonly code: string; readonly meaning: string }[]> {
  const path = join(workspaceRoot, 'libs', 'codec', 'src', 'rows', 'row-errors.ts');
  const { rowErrorCodes } = (await import(pathToFileURL(path).href)) as { rowErrorCodes: never };
  return rowErrorCodes;
}

describe('The documentation', () => {
  it('has no broken link', async () => {
    const pages = [...atRoot, ...(await filesUnder(['docs'], '.md'))];
    const broken: string[] = [];
    let links = 0;

    for (const page of pages) {
      const targets = linksIn(await textOf(page)).filter((target) => !/^(https?|mailto):/.test(target));
      links += targets.length;
      for (const target of targets) if (await isBroken(page, target)) broken.push(`${page}: ${target}`);
    }

    expect(links).toBeGreaterThan(50);
    expect(broken).toEqual([]);
  });

  it('has a page for each service', async () => {
    const pages = await filesUnder(['docs/services'], '.md');

    expect(pages).toEqual(serviceNames.map((name) => `docs/services/${name}.md`).sort());
  });

  it('names every variable of every app, and of docker-compose', async () => {
    const text = await textOf('docs/configuration.md');
    const documented = new Set([...text.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name));
    const schemas = await Promise.all(serviceNames.map(configSchemaOf));
    const known = [...schemas.flatMap(({ shape }) => Object.keys(shape)), ...(await variablesOfCompose()).keys()];

    expect([...new Set(known)].filter((name) => !documented.has(name))).toEqual([]);
  });

  it('names no variable of an app that no app has', async () => {
    const [, ofApps = ''] =
      /^## Every service$([\s\S]*?)^## The local stack/m.exec(await textOf('docs/configuration.md')) ?? [];
    const documented = [...ofApps.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map(([, name = '']) => name);
    const schemas = await Promise.all(serviceNames.map(configSchemaOf));
    const known = new Set(schemas.flatMap(({ shape }) => Object.keys(shape)));

    expect(documented.length).toBeGreaterThan(20);
    expect(documented.filter((name) => !known.has(name))).toEqual([]);
  });

  it('gives the defaults that the apps have', async () => {
    const text = await textOf('docs/configuration.md');
    const rows = [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\| `?([^`|]*?)`? +\|/gm)];
    const documented = new Map(rows.map(([, name = '', value = '']) => [name, value]));
    const differing: string[] = [];

    for (const { shape } of await Promise.all(serviceNames.map(configSchemaOf))) {
      for (const [name, variable] of Object.entries(shape)) {
        const { success, data } = variable.safeParse(undefined);
        const value = success ? String(data ?? '') : 'required';
        if (documented.get(name)?.replaceAll(/[_ ]/g, '') !== value.replaceAll(/[_ ]/g, ''))
          differing.push(`${name}: ${value}, not ${documented.get(name)}`);
      }
    }

    expect(differing).toEqual([]);
  });

  it('lists the codes of rejected rows as libs/codec does', async () => {
    const rowErrorCodes = await rowErrors();
    const [, section = ''] = (await textOf('docs/errors.md')).split('\n## Rejected rows\n');
    const rows = [...section.matchAll(/^\| `([A-Z0-9_]+)` +\| (.+?) +\|$/gm)];
    const documented = rows.map(([, code, meaning = '']) => ({ code, meaning: meaning.replace(/\\(?=[<>_*])/g, '') }));

    expect(documented).toEqual(rowErrorCodes);
  });

  it('lists the codes of dead letters as libs/contracts does', async () => {
    const [, section = ''] = /\n## Dead letters\n([\s\S]*?)\n## /.exec(await textOf('docs/errors.md')) ?? [];
    const rows = [...section.matchAll(/^\| `([A-Z0-9_]+)` +\| (.+?) +\|$/gm)];

    expect(rows.map(([, code, meaning]) => ({ code, meaning }))).toEqual(eventErrorCodes);
  });

  it('lists every code that the writer refuses rows with', async () => {
    const known = new Set((await rowErrors()).map(({ code }) => code));
    const files = (await filesUnder(['apps/records/src/writing'], '.ts')).filter((path) => !path.endsWith('.spec.ts'));
    const texts = await Promise.all(files.map(textOf));
    const used = texts.flatMap((text) => [...text.matchAll(/\bcode: '([A-Z_]+)'/g)].map(([, code = '']) => code));

    expect(used).toContain('DUPLICATE_KEY');
    expect(used.filter((code) => !known.has(code))).toEqual([]);
  });
});
