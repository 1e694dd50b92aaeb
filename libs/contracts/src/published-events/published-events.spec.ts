import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventOfType, publishedEvents } from './index.ts';

const guide = new URL('../../../../docs/guides/listening-to-events.md', import.meta.url);
const events = Object.values(publishedEvents).flat();

/** Names that would tell a secret, or what is in a record. */
const forbidden = /token|secret|password|grant|filter|row|document|record$|value|schemaText|raw/i;

const fieldsOf = (schema: z.ZodType): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);

describe('The events that Keyport publishes', () => {
  it('have types and subjects that agree, each its own', () => {
    const subjects = events.map(({ type }) => type.replace(/^keyport\./, 'events.v1.'));

    expect(events.map(({ subject }) => subject)).toEqual(subjects);
    expect(new Set(subjects).size).toBe(events.length);
    expect(events.every((event) => eventOfType(event.type) === event)).toBe(true);
  });

  it('name their data by an id of its own, and nothing in it that may be a secret or of a record', () => {
    const ids = events.map(({ data }) => data.meta()?.id);
    const fields = events.flatMap(({ data }) => fieldsOf(data));

    expect(ids.every((id) => id !== undefined)).toBe(true);
    expect(new Set(ids).size).toBe(events.length);
    expect(fields.filter((field) => forbidden.test(field) && field !== 'previousTokenEndsAt')).toEqual([]);
  });

  it('are those of the guide, with the same words and the same data', async () => {
    const rows = [...(await readFile(guide, 'utf8')).matchAll(/^\| `(keyport\.[^`]+)` +\| (.+?) +\| (.+?) +\|$/gm)];
    const documented = rows.map(([, type, summary, data]) => ({ type, summary, data: data?.replaceAll('`', '') }));

    const expected = events.map(({ type, summary, data }) => ({ type, summary, data: fieldsOf(data).join(', ') }));

    expect(documented).toEqual(expected);
  });
});
