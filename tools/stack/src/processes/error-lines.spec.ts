import { describe, expect, it } from '@jest/globals';
import { complaintsIn, errorsIn } from './error-lines.ts';

const log = [
  '{"level":30,"msg":"started"}',
  '{"level":50,"msg":"import failed","err":{"message":"no spool"}}',
  '    at somewhere (file.js:1:1)',
  '{"level":60,"msg":"out of memory"}',
  '{"s":"I","msg":"Waiting for connections"}',
  '{"s":"E","msg":"Error setting up listener"}',
  '[1] 2026/11/24 11:26:15.848759 [INF] Server is ready',
  '',
].join('\n');

describe('errorsIn', () => {
  it('gives the messages of errors and leaves lesser lines and other text out', () => {
    expect(errorsIn(log)).toEqual(['import failed: no spool', 'out of memory', 'Error setting up listener']);
  });

  it('takes half a line for other text', () => {
    expect(errorsIn('{"level":50,')).toEqual([]);
  });
});

describe('complaintsIn', () => {
  it('gives errors and what is no log entry at all, in their order', () => {
    expect(complaintsIn(log)).toEqual([
      'import failed: no spool',
      '    at somewhere (file.js:1:1)',
      'out of memory',
      'Error setting up listener',
    ]);
  });
});
