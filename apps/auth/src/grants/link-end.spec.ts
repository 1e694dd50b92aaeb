import { describe, expect, it } from '@jest/globals';
import { linkEnd } from './link-end.ts';

const iat = 1_800_000_000;
const plain = { expiresInSeconds: 900, keyEndsAt: null, publicKey: undefined };

describe('the end of a link', () => {
  it('is as asked for where nothing bounds it', () => {
    expect(linkEnd(iat, plain)).toBe(iat + 900);
    expect(linkEnd(iat, { ...plain, publicKey: { maxLifetimeSeconds: 3_600, expiresAt: null } })).toBe(iat + 900);
  });

  it('is that of the key at the latest', () => {
    expect(linkEnd(iat, { ...plain, keyEndsAt: new Date((iat + 60) * 1000 + 999) })).toBe(iat + 60);
    expect(linkEnd(iat, { ...plain, keyEndsAt: new Date((iat + 9_000) * 1000) })).toBe(iat + 900);
  });

  it('is that of a self-issued token at the latest', () => {
    expect(linkEnd(iat, { ...plain, publicKey: { maxLifetimeSeconds: 300, expiresAt: null } })).toBe(iat + 300);
    expect(linkEnd(iat, { ...plain, publicKey: { maxLifetimeSeconds: 3_600, expiresAt: iat + 20 } })).toBe(iat + 20);
  });
});
