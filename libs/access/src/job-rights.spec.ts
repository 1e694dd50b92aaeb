import { KeyportError, type AuthorizationDetail, type ErrorCode } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { Caller } from './caller.ts';
import type { CallerVerifier } from './caller-verifier.ts';
import type { Rights } from './effective-rights.ts';
import type { CallerIdentity } from './identity.ts';
import {
  datasetPatterns,
  isGrantLost,
  isOwnJob,
  limitsText,
  requireJob,
  seesJob,
  type JobActions,
  type OwnedJob,
} from './job-rights.ts';

const eu = { filter: { region: 'eu' } };
const us = { filter: { region: 'us' } };

const detail = (limit: Partial<AuthorizationDetail>, ...actions: string[]): AuthorizationDetail => ({
  type: 'keyport_dataset',
  datasets: ['orders'],
  actions,
  ...limit,
});

const identity: CallerIdentity = {
  ...{ issuer: 'iss', subject: 'ann', tokenId: 't', issuedAt: 0, signedBy: 'k', keyId: 'key-1', jobId: undefined },
  ...{ sessionId: undefined, publicKeyId: undefined, userId: undefined, clientId: undefined, ancestors: [] },
  ...{ scopes: [], details: undefined },
};

/** What the token says, and what is left of it now where that is less. */
interface Says {
  readonly scopes: readonly string[];
  readonly details?: readonly AuthorizationDetail[];
  readonly keyId?: string;
  readonly now?: Pick<Rights, 'scopes' | 'details'>;
}

const callerWho = ({ scopes, details, keyId = 'key-1', now }: Says) =>
  new Caller({ ...identity, keyId, scopes, details }, 'authority', false, now);

const job = (limits: OwnedJob['limits'] = null): OwnedJob => ({ creator: 'iss|ann|key-1', dataset: 'orders', limits });

const reading = { create: 'exports:create', other: 'exports:read' } as const;
const nothing = { scopes: [], details: undefined };

/** The right that is missing; undefined where none is. */
function missing(says: Says, of = job(), actions: JobActions = reading): unknown {
  try {
    requireJob(callerWho(says), of, actions);
  } catch (error) {
    return (error as KeyportError).params['scope'];
  }
  return undefined;
}

describe('a job is the own one', () => {
  const isOwn = (says: Says, of = job()) => isOwnJob(callerWho(says), of, 'exports:create');

  it('of who started it, and of no other key of the same person', () => {
    expect(isOwn({ scopes: ['exports:create:orders'] })).toBe(true);
    expect(isOwn({ scopes: ['*'], keyId: 'key-2' })).toBe(false);
  });

  it('of no token of the same holder that reaches fewer rows or fields than the one it was started with', () => {
    const narrowed = { scopes: ['exports:create:orders'], details: [detail(eu, 'exports:create')] };

    expect(isOwn(narrowed)).toBe(false);
    expect(isOwn(narrowed, job(limitsText([us])))).toBe(false);
    expect(isOwn(narrowed, job(limitsText([eu])))).toBe(true);
  });

  it('still seen once the right to start it is gone, and used no more', () => {
    const lost = { scopes: ['exports:create:orders'], now: nothing };

    expect(seesJob(callerWho(lost), job(), reading)).toBe(true);
    expect(missing(lost)).toBe('exports:create:orders');
    expect(missing({ scopes: ['exports:create:orders'] })).toBeUndefined();
  });
});

describe("another's job", () => {
  const isSeen = (says: Says, of = job()) => seesJob(callerWho({ keyId: 'key-2', ...says }), of, reading);

  it('takes the scope on its dataset, as it is now', () => {
    expect(isSeen({ scopes: ['exports:read:ord*'] })).toBe(true);
    expect(isSeen({ scopes: ['exports:read:other', 'exports:create:*', 'records:read:orders'] })).toBe(false);
    expect(isSeen({ scopes: ['exports:read:orders'], now: nothing })).toBe(false);
  });

  it('is used by who holds the action on it', () => {
    const deleting = { create: 'exports:create', other: 'exports:delete' } as const;
    const reader = { scopes: ['exports:read:orders', 'exports:create:orders'], keyId: 'key-2' };

    expect(missing(reader)).toBeUndefined();
    expect(missing(reader, job(), deleting)).toBe('exports:delete:orders');
    expect(missing({ scopes: ['exports:delete:orders'], keyId: 'key-2' }, job(), deleting)).toBeUndefined();
  });

  it.each([
    ['all rows', undefined, [eu], true],
    ['the rows of the job', [detail(eu, 'exports:read')], [eu], true],
    ['the rows of the job and others', [detail(eu, 'exports:*'), detail(us, 'exports:read')], [eu], true],
    ['other rows', [detail(us, 'exports:read')], [eu], false],
    ['the rows of the job for something else', [detail(eu, 'records:read'), detail(us, 'exports:read')], [eu], false],
    ['some of the rows', [detail(eu, 'exports:read')], [eu, us], false],
    ['some of all rows', [detail(eu, 'exports:read')], 'all', false],
    ['the field', [detail({ fields: ['a', 'b'] }, 'exports:read')], [{ fields: ['a.x'] }], true],
    ['some of the fields', [detail({ fields: ['a'] }, 'exports:read')], [{ fields: ['a', 'b'] }], false],
  ] as const)('is seen and used, or neither, by who may read %s', (_what, details, limits, expected) => {
    const says = { scopes: ['exports:read:orders'], ...(details && { details }), keyId: 'key-2' };
    const of = job(limitsText(limits));

    expect(isSeen(says, of)).toBe(expected);
    expect(missing(says, of)).toBe(expected ? undefined : 'exports:read:orders');
  });
});

describe('the datasets of an action', () => {
  it('are those that scopes name, each once', () => {
    const scopes = ['exports:read:orders', 'exports:*:carts', 'exports:*:orders', 'exports:create:x', 'records:read:*'];

    expect(datasetPatterns(scopes, 'exports:read')).toEqual(['orders', 'carts']);
    expect(datasetPatterns(['*', 'exports:read:a'], 'exports:read')).toEqual(['*', 'a']);
    expect(datasetPatterns(['exports:read', 'keys:read'], 'exports:read')).toEqual([]);
  });
});

describe('limits of a job', () => {
  it('are never those of a right that is not there', () => {
    expect(() => limitsText('none')).toThrow();
  });
});

describe('a grant', () => {
  const lostWhere = (verify: () => Promise<Caller>) => isGrantLost({ verify } as unknown as CallerVerifier, 'grant');
  const refused = (code: ErrorCode) => lostWhere(() => Promise.reject(new KeyportError(code)));

  it('is lost where its rights are, and not where nobody can say', async () => {
    expect(await lostWhere(() => Promise.resolve(callerWho({ scopes: [] })))).toBe(false);
    expect(await refused('RIGHTS_LOST')).toBe(true);
    expect(await refused('SERVICE_UNAVAILABLE')).toBe(false);
    expect(await refused('CONTEXT_INVALID')).toBe(false);
  });
});
