import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { openApiDocument, openApiFile } from './openapi-document.ts';

const root = new URL('../../../../', import.meta.url);

describe('The OpenAPI document', () => {
  it('is committed as the code makes it (else: npx nx run gateway:openapi)', async () => {
    const committed: unknown = JSON.parse(await readFile(new URL(openApiFile, root), 'utf8'));

    const generated: unknown = JSON.parse(JSON.stringify(await openApiDocument()));

    expect(committed).toEqual(generated);
  });

  it('names a schema for every body and reply that is JSON', async () => {
    const { paths } = await openApiDocument();

    const operations = Object.values(paths).flatMap((path) => Object.values(path) as { responses: object }[]);
    const unnamed = operations
      .flatMap(({ responses }) => Object.values(responses) as { content?: Record<string, { schema?: object }> }[])
      .flatMap(({ content }) => Object.entries(content ?? {}))
      .filter(([type, { schema }]) => type.endsWith('json') && JSON.stringify(schema ?? {}) === '{}');

    expect(operations.length).toBeGreaterThan(15);
    expect(unnamed).toEqual([]);
  });
});
