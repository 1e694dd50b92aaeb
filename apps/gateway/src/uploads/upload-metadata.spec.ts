import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { describedUpload } from './upload-metadata.ts';

const metadataOf = (pairs: Readonly<Record<string, string>>) =>
  Object.entries(pairs)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');

function pathsRefusing(metadata: string): string[] {
  try {
    describedUpload(metadata);
  } catch (error) {
    if (error instanceof KeyportError) return error.errors?.map(({ path }) => path) ?? [error.code];
    throw error;
  }
  return [];
}

describe('describedUpload', () => {
  it('reads the dataset, the format and the options by the names of the query', () => {
    const metadata = metadataOf({
      ...{ dataset: 'orders', format: 'csv', contentEncoding: 'gzip', mode: 'upsert', key: 'id, at' },
      ...{ 'csv.delimiter': ';', maxErrors: '3', filename: 'orders.csv' },
    });

    expect(describedUpload(metadata)).toMatchObject({
      ...{ dataset: 'orders', format: 'csv', contentEncoding: 'gzip', metadata },
      options: { mode: 'upsert', key: ['id', 'at'], 'csv.delimiter': ';', maxErrors: 3 },
    });
  });

  it('takes the format from the type that a client sends along', () => {
    const described = describedUpload(metadataOf({ dataset: 'orders', filetype: 'text/csv', name: 'a' }));

    expect(described).toMatchObject({ format: 'csv', contentEncoding: 'identity', options: { mode: 'insert' } });
  });

  it.each([
    ['no dataset', metadataOf({ format: 'csv' }), ['Upload-Metadata.dataset']],
    ['no format', metadataOf({ dataset: 'orders' }), ['UNSUPPORTED_MEDIA_TYPE']],
    ['an unknown mode', metadataOf({ dataset: 'orders', format: 'csv', mode: 'x' }), ['Upload-Metadata.mode']],
    ['an unknown option', metadataOf({ dataset: 'orders', format: 'csv', x: 'y' }), ['Upload-Metadata']],
    ['a key twice', 'dataset b3JkZXJz,dataset b3JkZXJz', ['Upload-Metadata.dataset']],
    ['what is not Base64', 'dataset %%%', ['Upload-Metadata']],
    ['__proto__', metadataOf({ dataset: 'orders', format: 'csv', ['__proto__x']: 'y' }), ['Upload-Metadata']],
  ])('refuses %s, and names it', (_what, metadata, paths) => {
    expect(pathsRefusing(metadata)).toEqual(paths);
  });
});
