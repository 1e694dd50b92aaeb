import { describe, expect, it } from '@jest/globals';
import { errorsIn } from './error-watch.ts';

describe('errorsIn', () => {
  it('gives the messages of errors and leaves lesser lines and other text out', () => {
    const log = [
      '{"level":30,"msg":"started"}',
      '{"level":50,"msg":"import failed","err":{"message":"no spool"}}',
      '    at somewhere (file.js:1:1)',
      '{"level":60,"msg":"out of memory"}',
      '{"level":50,',
    ].join('\n');

    expect(errorsIn(log)).toEqual(['import failed: no spool', 'out of memory']);
  });
});
