import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { errorTable, KeyportError, type ErrorCode } from './index.ts';

const page = new URL('../../../docs/errors.md', import.meta.url);

/** Rows `| code | status | meaning | next step |` of the page, without Markdown's own escapes. */
function rowsOf(markdown: string): Map<string, { status: number; detail: string; next: string }> {
  const rows = [...markdown.matchAll(/^\| `([A-Z0-9_]+)` +\| (\d{3}) +\| (.+?) +\| (.+?) +\|$/gm)];
  const plain = (text = '') => text.replace(/\\(?=[<>_*])/g, '');
  return new Map(
    rows.map(([, code = '', status, detail, next]) => [
      code,
      { status: Number(status), detail: plain(detail), next: plain(next) },
    ]),
  );
}

describe('docs/errors.md', () => {
  let documented: ReturnType<typeof rowsOf>;

  beforeAll(async () => {
    documented = rowsOf(await readFile(page, 'utf8'));
  });

  it('lists every code, and no code that does not exist', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(errorTable).sort());
  });

  it.each(Object.keys(errorTable) as ErrorCode[])('says of %s what the table says', (code) => {
    const { status, detail, next } = errorTable[code];

    expect(documented.get(code)).toEqual({ status, detail, next });
  });
});

describe('An error', () => {
  it('says what happened and what to do, with its params filled in', () => {
    const error = new KeyportError('DATASET_NOT_FOUND', { dataset: 'orders' });

    expect(error.message).toBe('There is no dataset orders. Create it with PUT /v1/datasets/orders.');
    expect(error.status).toBe(404);
  });

  it('leaves a placeholder standing where its param is missing', () => {
    expect(new KeyportError('IMPORT_STATE', { state: 'completed' }).message).toContain('{importId} is completed');
  });
});
