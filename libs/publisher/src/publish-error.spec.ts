import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { PublishError, publishErrorCodes } from './publish-error.ts';

const guide = new URL('../../../docs/guides/publisher-library.md', import.meta.url);

describe('The errors of the publisher', () => {
  it('are those of the guide', async () => {
    const documented = [...(await readFile(guide, 'utf8')).matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, code]) => code);

    expect(documented).toEqual(publishErrorCodes);
  });

  it('say what to do next, and name the event', () => {
    const error = new PublishError('STREAM_FULL', 'order-7', { detail: 'orders' });

    expect(error.message).toMatch(/Publish it again later.*\(orders\)$/);
    expect(error.eventId).toBe('order-7');
  });
});
