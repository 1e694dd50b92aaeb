import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { datasetResources, isScope, scopeActions, scopeFault } from './index.ts';

const page = new URL('../../../docs/tokens.md', import.meta.url);

interface DocumentedResource {
  readonly hasDataset: boolean;
  readonly routed: readonly string[];
  readonly unrouted: readonly string[];
}

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** Rows `| resource | yes or no | actions | actions |` of the section "Scopes". */
function resourcesOf(section: string): Map<string, DocumentedResource> {
  const rows = [...section.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\|(.*)\|(.*)\|$/gm)];
  return new Map(
    rows.map(([, resource = '', dataset, routed, unrouted]) => [
      resource,
      { hasDataset: dataset === 'yes', routed: namesIn(routed), unrouted: namesIn(unrouted) },
    ]),
  );
}

/** `resource:action` of all scopes that the table of routes names. */
const askedBy = (section: string) =>
  new Set([...section.matchAll(/`([a-z-]+:[a-z]+)(?::\{name\})?`/g)].map(([, action = '']) => action));

describe('docs/tokens.md', () => {
  let resources: ReturnType<typeof resourcesOf>;
  let scopes = '';
  let routes = '';

  beforeAll(async () => {
    const text = await readFile(page, 'utf8');
    const sectionOf = (heading: string) => text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
    scopes = sectionOf('Scopes');
    routes = sectionOf('Which route asks for what');
    resources = resourcesOf(scopes);
  });

  it('lists every resource and action, and none that does not exist', () => {
    const documented = [...resources].map(([resource, { routed, unrouted }]) => [
      resource,
      [...routed, ...unrouted].sort(),
    ]);

    const known = Object.entries(scopeActions).map(([resource, actions]) => [resource, [...actions].sort()]);
    expect(documented).toEqual(known);
  });

  it('says after which resources a dataset follows', () => {
    const documented = [...resources].filter(([, { hasDataset }]) => hasDataset).map(([resource]) => resource);

    expect(documented).toEqual(datasetResources);
  });

  it('says of the actions that its table of routes names, and of no others, that a route asks for them', () => {
    const documented = [...resources].flatMap(([resource, { routed }]) =>
      routed.map((action) => `${resource}:${action}`),
    );

    expect(documented.sort()).toEqual([...askedBy(routes)].sort());
  });

  it('shows only scopes that can be asked for', () => {
    const shown = namesIn(scopes).filter((text) => /^[a-z-]+:[a-z*]+:(?!dataset)/.test(text));

    expect(shown.length).toBeGreaterThan(2);
    expect(shown.filter((text) => !isScope(text))).toEqual([]);
  });
});

describe('A scope', () => {
  it.each(['*', 'records:read:orders', 'records:*:orders-*', 'exports:create:*', 'keys:create', 'keys:*'])(
    'may be %s',
    (text) => {
      expect(scopeFault(text)).toBeUndefined();
    },
  );

  it.each([
    ['record:read:orders', 'there is no resource record'],
    ['records:write:orders', 'records has the actions read, create, update, delete and *'],
    ['records:read', 'a dataset must follow: records:read:orders'],
    ['keys:create:orders', 'stands alone, without a dataset'],
    ['records:read:*-eu', 'a name that ends with *'],
    ['records:read:Orders', 'the dataset must be a name'],
    ['records:read:orders:x', 'the dataset must be a name'],
    ['*:*', 'there is no resource *'],
    ['toString:read', 'there is no resource toString'],
  ])('%s is refused, with the reason', (text, reason) => {
    expect(scopeFault(text)).toContain(reason);
  });
});
