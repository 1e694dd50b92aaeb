import { describe, expect, it } from '@jest/globals';
import { firstByteTable } from './first-byte-table.ts';

describe('firstByteTable', () => {
  it('holds the median of each kind of stream to the bound', () => {
    const lines = firstByteTable([
      { what: 'NDJSON', ms: [20, 100, 300] },
      { what: 'CSV', ms: [20, 101, 300] },
    ]).split('\n');

    expect(lines[2]).toMatch(/NDJSON +\| +3 \| +100\.0 \| +300\.0 \| +100 ms \| reached/);
    expect(lines[3]).toMatch(/CSV .*101\.0 .*\*\*not reached\*\*/);
  });
});
