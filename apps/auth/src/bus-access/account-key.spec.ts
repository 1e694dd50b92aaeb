import { describe, expect, it } from '@jest/globals';
import { createAccount, createUser, fromPublic } from '@nats-io/nkeys';
import { accountKey } from './account-key.ts';

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('accountKey', () => {
  it('signs as the library does, with what its public half verifies', () => {
    const input = Buffer.from('header.claims');
    for (let round = 0; round < 5; round += 1) {
      const pair = createAccount();

      const own = accountKey(textOf(pair.getSeed()));

      expect(own.getPublicKey()).toBe(pair.getPublicKey());
      expect(Buffer.from(own.sign(input))).toEqual(Buffer.from(pair.sign(input)));
      expect(fromPublic(pair.getPublicKey()).verify(input, own.sign(input))).toBe(true);
    }
  });

  it.each([
    ['a text', 'SAtext'],
    ['nothing', ''],
    ['the seed of a user', textOf(createUser().getSeed())],
    ['a public half', createAccount().getPublicKey()],
  ])('refuses %s', (_what, text) => {
    expect(() => accountKey(text)).toThrow();
  });
});
