import type { RevocationTarget } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { cutoffOf, targetOf } from './revocation-target.ts';
import type { AskedRevocation } from './revocation.model.ts';

const own = 'https://keyport.example';
const isOwn = (issuer: string) => issuer === own;
const now = new Date('2030-01-01T00:00:00.500Z');

const faultOf = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof KeyportError)) throw error;
    return error.errors?.[0]?.path;
  }
};

describe('targetOf', () => {
  it.each<[AskedRevocation, RevocationTarget]>([
    [{ jti: 'a-b_1' }, { level: 'jti', jti: 'a-b_1', issuer: undefined }],
    [
      { jti: 'a.b c', iss: 'https://x' },
      { level: 'jti', jti: 'a.b c', issuer: 'https://x' },
    ],
    [
      { jti: 'a', iss: own },
      { level: 'jti', jti: 'a', issuer: undefined },
    ],
    [{ key: 'k' }, { level: 'key', keyId: 'k' }],
    [{ sub: 's' }, { level: 'sub', subject: 's', issuer: undefined }],
    [
      { sub: 's', iss: 'https://x' },
      { level: 'sub', subject: 's', issuer: 'https://x' },
    ],
    [{ client: 'c' }, { level: 'client', clientId: 'c' }],
    [{ kid: 'k' }, { level: 'kid', kid: 'k' }],
    [{ iss: own }, { level: 'iss', issuer: undefined }],
    [{ iss: 'https://x' }, { level: 'iss', issuer: 'https://x' }],
  ])('reads %j', (asked, target) => {
    expect(targetOf(asked, isOwn)).toEqual(target);
  });

  it.each<[AskedRevocation, string]>([
    [{}, 'body'],
    [{ reason: 'x' }, 'body'],
    [{ jti: 'a', sub: 'b' }, 'sub'],
    [{ client: 'a', kid: 'b' }, 'kid'],
    [{ key: 'a', iss: 'https://x' }, 'iss'],
    [{ key: 'a', iss: own }, 'iss'],
    [{ jti: 'a.b' }, 'jti'],
    [{ jti: 'x'.repeat(129) }, 'jti'],
    [{ client: 'keyport' }, 'client'],
  ])('refuses %j', (asked, path) => {
    expect(faultOf(() => targetOf(asked, isOwn))).toBe(path);
  });
});

describe('cutoffOf', () => {
  it.each([
    ['jti', null],
    ['key', null],
    ['client', null],
    ['kid', null],
    ['sub', now],
    ['iss', now],
  ] as const)('is of %s without a time %s', (level, cutoff) => {
    expect(cutoffOf({ level }, undefined, now)).toEqual(cutoff);
  });

  it('is the time asked for, at any level', () => {
    const notBefore = '2029-12-31T00:00:00Z';

    expect(cutoffOf({ level: 'key' }, notBefore, now)).toEqual(new Date(notBefore));
    expect(cutoffOf({ level: 'iss' }, notBefore, now)).toEqual(new Date(notBefore));
  });

  it('may be ahead by no more than clocks differ', () => {
    expect(cutoffOf({ level: 'sub' }, '2030-01-01T00:00:05Z', now)).toEqual(new Date('2030-01-01T00:00:05Z'));
    expect(faultOf(() => cutoffOf({ level: 'sub' }, '2030-01-01T00:00:06Z', now))).toBe('notBefore');
  });
});
