import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { curlLines } from './curl-lines.ts';

describe('curlLines', () => {
  it('prints lines for minting, import and export that sh can parse, whatever the folder is called', () => {
    const lines = curlLines('http://127.0.0.1:3000', `/tmp/it's "here"/owner.json`);

    expect(lines).toHaveLength(3);
    for (const line of lines) execFileSync('sh', ['-n', '-c', line]);
  });

  it('never holds a token', () => {
    expect(curlLines('http://127.0.0.1:3000', '/home/owner.json').join('\n')).not.toMatch(/Bearer [^$]/);
  });
});
