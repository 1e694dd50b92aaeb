import { describe, expect, it } from '@jest/globals';
import { perhapsVisible } from './export-visibility.ts';

const filterFor = (...scopes: string[]) => perhapsVisible({ creator: 'iss|ann|k1', scopes });
const own = { creator: 'iss|ann|k1' };

describe('the exports that a caller may see', () => {
  it('are only their own without a right on exports', () => {
    expect(filterFor('records:read:*', 'exports:create:*', 'imports:read:*')).toEqual({ $or: [own] });
  });

  it('are also those of the datasets named in their scopes', () => {
    expect(filterFor('exports:read:orders', 'exports:*:carts')).toEqual({
      $or: [own, { dataset: 'orders' }, { dataset: 'carts' }],
    });
  });

  it('are also those whose dataset begins as a wildcard says', () => {
    expect(filterFor('exports:read:eu-*')).toEqual({ $or: [own, { dataset: { $gte: 'eu-', $lt: 'eu-\uffff' } }] });
  });

  it('are all for an owner', () => {
    expect(filterFor('*')).toEqual({ $or: [own, { dataset: { $gte: '', $lt: '\uffff' } }] });
  });
});
