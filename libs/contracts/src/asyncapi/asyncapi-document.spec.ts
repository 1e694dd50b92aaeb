import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { natsPermissions } from '../permissions.ts';
import { publishedEvents } from '../published-events/index.ts';
import type { ServiceName } from '../services.ts';
import { asyncApiDocument, asyncApiFile } from './asyncapi-document.ts';
import { asyncApiText } from './asyncapi-text.ts';

const root = new URL('../../../../', import.meta.url);
const { schemas } = createRequire(import.meta.url)('@asyncapi/specs') as { schemas: Record<string, object> };

/** Which formats hold is of no concern: the specification's schema names them for addresses of its own. */
const validatorOf = (version: string) =>
  new Ajv({ meta: false, strict: false, validateFormats: false, allErrors: true }).compile(schemas[version] ?? {});

interface Document {
  readonly channels: Record<string, { address: string }>;
  readonly components: { messages: Record<string, { payload: object }>; schemas: Record<string, object> };
}

const document = asyncApiDocument() as unknown as Document;

describe('The AsyncAPI document', () => {
  it('is committed as the code makes it (else: npx nx run contracts:asyncapi)', async () => {
    const committed = await readFile(new URL(asyncApiFile, root), 'utf8');

    expect(committed).toBe(asyncApiText());
  });

  it('is valid AsyncAPI 3.0', () => {
    const validate = validatorOf('3.0.0');

    const isValid = validate(parse(asyncApiText()));

    expect(validate.errors).toBeNull();
    expect(isValid).toBe(true);
    expect(validate({ asyncapi: '3.0.0', info: { title: 'no version' } })).toBe(false);
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path.split('/'));

    const lost = references.filter(
      (path) =>
        path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document) === undefined,
    );

    expect(references.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    expect(Object.values(document.components.schemas).filter((schema) => '$ref' in schema)).toEqual([]);
  });

  it('names a subject of each event that the service which tells it may publish to', () => {
    const tellers: Record<keyof typeof publishedEvents, ServiceName> = {
      ...{ import: 'import', export: 'export', dataset: 'records', records: 'records', key: 'auth' },
    };

    const refused = Object.entries(publishedEvents).flatMap(([entity, events]) => {
      const { publish } = natsPermissions[tellers[entity as keyof typeof tellers]];
      return events.filter(({ subject }) => !publish.some((pattern) => matches(pattern, subject)));
    });

    expect(refused).toEqual([]);
  });
});

const matches = (pattern: string, subject: string) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[^.]+').replace('>', '.+')}$`).test(subject);
