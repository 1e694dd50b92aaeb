import { describe, expect, it } from '@jest/globals';
import { revocationEntries, revocationKeptUntil } from './revocation-entries.ts';

const at = (text: string) => new Date(text);

describe('revocationKeptUntil', () => {
  it('is after the end of a token that lives for longer than any job', () => {
    expect(revocationKeptUntil(at('2030-06-01T00:00:00Z'), at('2030-01-01T00:00:00Z'))).toEqual(
      at('2030-06-01T00:00:05Z'),
    );
  });

  it('is after the end of a job that was started a moment before, though the token ends sooner', () => {
    expect(revocationKeptUntil(at('2030-01-01T00:10:00Z'), at('2030-01-01T00:00:00Z'))).toEqual(
      at('2030-01-31T00:00:05Z'),
    );
  });
});

describe('revocationEntries', () => {
  it('names the key, and its token as the ancestor of others, in seconds since the epoch', () => {
    const entries = revocationEntries({
      _id: 'key-1',
      tokenId: 'token-1',
      revokedAt: at('2030-01-01T00:00:00.900Z'),
      revocationKeptUntil: at('2030-01-31T00:00:05Z'),
    });

    const entry = { revokedAt: 1_893_456_000, expiresAt: 1_896_048_005 };
    expect(entries).toEqual([
      ['key.key-1', entry],
      ['jti.token-1', entry],
    ]);
  });
});
