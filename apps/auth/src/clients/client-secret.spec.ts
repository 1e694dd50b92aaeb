import { describe, expect, it } from '@jest/globals';
import { clientSecretHash, newClientSecret, secretMatches } from './client-secret.ts';

describe('the secret of a client', () => {
  it('is 256 random bits behind a prefix that scanners know', () => {
    const secrets = Array.from({ length: 100 }, newClientSecret);

    for (const secret of secrets) expect(secret).toMatch(/^kps_[A-Za-z0-9_-]{43}$/);
    expect(new Set(secrets).size).toBe(100);
  });

  it('is known by its hash, and nothing else is', () => {
    const secret = newClientSecret();
    const hash = clientSecretHash(secret);

    expect(secretMatches(secret, hash)).toBe(true);
    expect(secretMatches(`${secret} `, hash)).toBe(false);
    expect(secretMatches(hash, hash)).toBe(false);
    expect(secretMatches(newClientSecret(), hash)).toBe(false);
  });

  it.each([null, undefined])('of a client that has none (%s) matches nothing', (hash) => {
    expect(secretMatches('', hash)).toBe(false);
    expect(secretMatches('kps_', hash)).toBe(false);
  });
});
