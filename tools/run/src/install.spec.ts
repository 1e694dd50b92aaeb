import { describe, expect, it } from '@jest/globals';
import { covers } from './install.mjs';

const installed = { 'node_modules/zod': { version: '4.6.7' }, 'node_modules/@keyport/codec': { link: true } };

describe('covers', () => {
  it('is content with what package-lock.json wants, without packages for other platforms', () => {
    const wanted = {
      '': {},
      'libs/codec': { version: '0.1.0' },
      ...installed,
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    };

    expect(covers(installed, wanted)).toBe(true);
  });

  it.each([
    ['another version', { 'node_modules/zod': { version: '4.7.0' } }],
    ['a new package', { ...installed, 'node_modules/jose': { version: '6.2.18' } }],
    ['a new workspace', { ...installed, 'node_modules/@keyport/access': { link: true } }],
  ])('sees %s', (_what, wanted) => {
    expect(covers(installed, wanted)).toBe(false);
  });

  it('sees that nothing was installed', () => {
    expect(covers(undefined, {})).toBe(false);
  });
});
