import { describe, expect, it } from '@jest/globals';
import { keyChanged } from '@keyport/contracts';
import { changeEvent, presentEvent } from './key-events.ts';
import { newKey } from './key.model.ts';

const key = newKey({
  ...{ _id: 'k1', userId: 'u1', name: 'nightly', scopes: ['records:read:a', 'records:read:b'], tokenId: 't1' },
  ...{ signedBy: 's1', ancestors: [], createdAt: new Date(0), expiresAt: new Date(1_000) },
});

describe('What is told of a key', () => {
  it('names what changed, and what it may do now', () => {
    const untold = changeEvent(key, { ...key, name: 'daily', scopes: ['records:read:a'] });

    expect(untold).toMatchObject({
      type: keyChanged.type,
      data: { changed: ['name', 'scopes'], scopes: ['records:read:a'] },
    });
  });

  it('is nothing where nothing changed', () => {
    expect(changeEvent(key, { ...key, limits: {}, scopes: [...key.scopes] })).toBeUndefined();
  });

  it('names the key and its owner, and no token', () => {
    const [created] = key.untold ?? [];

    const told = presentEvent(key, created!);

    expect(told).toEqual({
      subject: 'k1',
      data: { keyId: 'k1', owner: 'u1', scopes: key.scopes, expiresAt: '1970-01-01T00:00:01.000Z' },
    });
    expect(JSON.stringify(told)).not.toContain('t1');
  });
});
