import type { Key, PreviousToken } from './key.model.ts';

/** So many tokens of a key before the present one live at a time; of more the oldest end at once. */
const maxPrevious = 10;

/**
 * The tokens of a key that end when its token is replaced: the one until now, and those before it whose grace would be
 * longer than the new one. Whoever replaces a token at once because it leaked, ends all that came before it.
 */
export function previousTokensAfter(
  { tokenId, expiresAt, signedBy, previousTokens }: Pick<Key, 'tokenId' | 'expiresAt' | 'signedBy' | 'previousTokens'>,
  graceEndsAt: Date,
  now: Date,
): PreviousToken[] {
  const earlier = previousTokens
    .filter(({ endsAt, isTold }) => endsAt > now || !isTold)
    .map((token) => (token.endsAt > graceEndsAt ? { ...token, endsAt: graceEndsAt, isTold: false } : token));
  // A token that expires within its grace does so by itself, and the jobs that it started go on.
  const replaced =
    expiresAt > graceEndsAt ? [{ tokenId, expiresAt, signedBy, endsAt: graceEndsAt, isTold: false }] : [];
  const tokens = [...earlier, ...replaced];
  const surplus = tokens.length - maxPrevious;
  return tokens.map((token, index) => (index < surplus ? { ...token, endsAt: now, isTold: false } : token));
}
