import { describe, expect, it } from '@jest/globals';
import { readStrictAssertion } from './strict-jws.ts';
import { TokenFault } from './token-fault.ts';

const types = [undefined, 'jwt'];
const assertion = (header: Record<string, unknown>) =>
  [JSON.stringify({ alg: 'ES256', ...header }), '{"iss":"me"}', 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

function checkOf(header: Record<string, unknown>): string {
  try {
    readStrictAssertion(assertion(header), types);
    return 'none';
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error;
    return error.check;
  }
}

describe('an assertion that others sign', () => {
  it('need not name its key or its type', () => {
    expect(readStrictAssertion(assertion({}), types)).toEqual({
      header: { kid: undefined, alg: 'ES256' },
      payload: { iss: 'me' },
    });
  });

  it.each(['JWT', 'jwt', 'application/jwt'])('may call itself %s (RFC 7515 §4.1.9)', (typ) => {
    expect(checkOf({ typ })).toBe('none');
  });

  it('is EdDSA by either of its names (RFC 9864)', () => {
    expect(readStrictAssertion(assertion({ alg: 'Ed25519' }), types).header.alg).toBe('EdDSA');
    expect(readStrictAssertion(assertion({ alg: 'EdDSA' }), types).header.alg).toBe('EdDSA');
  });

  it.each([
    ['an access token', { typ: 'at+jwt' }, 'type'],
    ['of a type that is no text', { typ: 1 }, 'type'],
    ['of an empty type', { typ: '' }, 'type'],
    ['signed with a secret', { alg: 'HS256' }, 'algorithm'],
    ['not signed', { alg: 'none' }, 'algorithm'],
    ['with a key of its own', { jwk: {} }, 'header'],
    ['with the address of a key', { jku: 'https://elsewhere.example' }, 'header'],
    ['with a key id that is none', { kid: '../x' }, 'header'],
  ])('is not %s', (_what, header, check) => {
    expect(checkOf(header)).toBe(check);
  });
});
