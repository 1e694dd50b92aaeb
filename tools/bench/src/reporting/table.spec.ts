import { describe, expect, it } from '@jest/globals';
import { markdownTable } from './table.ts';

describe('markdownTable', () => {
  it('lines its columns up and marks those that are read from the right', () => {
    const table = markdownTable(
      [{ title: 'part' }, { title: 's', align: 'right' }],
      [
        ['import', '10.2'],
        ['export of all', '9.8'],
      ],
    );

    expect(table.split('\n')).toEqual([
      '| part          |    s |',
      '| ------------- | ---: |',
      '| import        | 10.2 |',
      '| export of all |  9.8 |',
    ]);
  });

  it('keeps a bar in a cell from opening another column', () => {
    expect(markdownTable([{ title: 'name' }], [['a|b']])).toContain('a\\|b');
  });
});
