import { Caller } from '@keyport/access';
import { describe, expect, it } from '@jest/globals';
import { filterOf, visibilityOf } from './export-visibility.ts';

const callerWith = (...scopes: string[]) =>
  new Caller(
    { issuer: 'iss', subject: 'ann', tokenId: 't', keyId: 'k1', ancestors: [], scopes, jobId: undefined },
    'authority',
  );
const filterFor = (...scopes: string[]) => filterOf(visibilityOf(callerWith(...scopes)));
const own = { creator: 'iss|ann|k1' };

describe('the exports that a caller sees', () => {
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
