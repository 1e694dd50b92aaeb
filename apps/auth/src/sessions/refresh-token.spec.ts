import { describe, expect, it } from '@jest/globals';
import { newRefreshToken, refreshTokenHash } from './refresh-token.ts';

describe('a refresh token', () => {
  it('is 256 random bits behind a prefix that scanners know', () => {
    const tokens = Array.from({ length: 100 }, newRefreshToken);

    for (const token of tokens) expect(token).toMatch(/^kpr_[A-Za-z0-9_-]{43}$/);
    expect(new Set(tokens).size).toBe(100);
  });

  it('is known by its SHA-256', () => {
    // printf 'kpr_%s' "$(printf 'A%.0s' {1..43})" | openssl dgst -sha256 -binary | base64
    expect(refreshTokenHash(`kpr_${'A'.repeat(43)}`)).toBe('8Zm_E9wuYGuSR5D96Dpnn39Ip5y6cHTgNjqg4IdKS18');
  });

  it.each([
    '',
    'kpr_',
    `kpr_${'A'.repeat(42)}`,
    `kpr_${'A'.repeat(44)}`,
    `kpx_${'A'.repeat(43)}`,
    `kpr_${'='.repeat(43)}`,
  ])('never was %j', (text) => {
    expect(refreshTokenHash(text)).toBeUndefined();
  });
});
