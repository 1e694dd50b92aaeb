import { describe, expect, it } from '@jest/globals';
import type { AuthorizationDetail, Role } from '@keyport/contracts';
import { scopesOfRole } from './roles.ts';
import { changedRights, grantableScopes, isStandingOwner, newRights, requireMayTouch } from './user-rules.ts';

const owner = scopesOfRole.owner;
const admin = scopesOfRole.admin;
const enabled = { disabled: false };
const member = (...scopes: string[]) => ({ role: 'member' as const, scopes, ...enabled });
const of = (role: Role) => ({ role, scopes: [], ...enabled });

/** Code of the refusal with what it names; `none` where there is none. */
function refusalOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    const { code, params, errors } = error as {
      code: string;
      params: { scope?: string };
      errors?: { path: string }[];
    };
    return [code, params.scope ?? errors?.[0]?.path].join(' ');
  }
}

describe('a new user', () => {
  it.each([
    ['an owner', 'owner', undefined, owner, 'none'],
    ['an admin', 'owner', undefined, admin, 'SCOPE_NOT_HELD *'],
    ['an admin', 'admin', undefined, admin, 'none'],
    ['an admin', 'member', ['records:*:*', 'keys:*'], admin, 'none'],
    ['an admin', 'member', ['keys:read', 'signing-keys:read'], admin, 'SCOPE_NOT_HELD signing-keys:read'],
    ['an admin', 'member', ['*'], admin, 'SCOPE_NOT_HELD *'],
    ['a member', 'member', ['records:read:orders-eu'], ['users:create', 'records:read:orders-*'], 'none'],
    ['a member', 'member', ['records:read:*'], ['users:create', 'records:read:a'], 'SCOPE_NOT_HELD records:read:*'],
    ['a member', 'admin', undefined, ['users:*', 'datasets:*:*'], 'SCOPE_NOT_HELD records:*:*'],
    ['a member', 'member', undefined, ['users:create'], 'none'],
    ['an owner', 'owner', [], owner, 'VALIDATION_FAILED scopes'],
    ['an owner', 'admin', ['keys:read'], owner, 'VALIDATION_FAILED scopes'],
  ] as const)('made by %s as %s with %j', (_who, role, scopes, held, expected) => {
    expect(refusalOf(() => newRights({ role, scopes }, held))).toBe(expected);
  });

  it('has each scope once', () => {
    expect(newRights({ role: 'member', scopes: ['keys:read', 'keys:read'] }, owner).scopes).toEqual(['keys:read']);
  });
});

describe('a change of a user', () => {
  const some = ['users:update', 'records:read:a', 'records:read:b'];

  it.each([
    ['an admin disables an owner', of('owner'), { disabled: true }, admin, 'SCOPE_NOT_HELD *'],
    ['an admin demotes an owner', of('owner'), { role: 'member' }, admin, 'SCOPE_NOT_HELD *'],
    ['an admin sets the password of an owner', of('owner'), { password: 'p' }, admin, 'SCOPE_NOT_HELD *'],
    ['an owner demotes an owner', of('owner'), { role: 'admin' }, owner, 'none'],
    ['an admin makes themself an owner', of('admin'), { role: 'owner' }, admin, 'SCOPE_NOT_HELD *'],
    ['an admin demotes an admin', of('admin'), { role: 'member' }, admin, 'none'],
    ['a member disables an admin', of('admin'), { disabled: true }, some, 'SCOPE_NOT_HELD datasets:*:*'],
    ['a member gives what they hold', member(), { scopes: ['records:read:a'] }, some, 'none'],
    [
      'a member gives what they do not hold',
      member(),
      { scopes: ['records:read:c'] },
      some,
      'SCOPE_NOT_HELD records:read:c',
    ],
    [
      'a member leaves what the other had already',
      member('records:*:c'),
      { scopes: ['records:read:c', 'records:read:a'] },
      some,
      'none',
    ],
    ['a member takes away what they do not hold', member('records:read:c'), { scopes: [] }, some, 'none'],
    ['a member disables who has more', member('records:read:c'), { disabled: true }, some, 'none'],
    [
      'a member sets the password of who has more, and could sign in as them',
      member('records:read:c'),
      { password: 'p' },
      some,
      'SCOPE_NOT_HELD records:read:c',
    ],
    [
      'a member enables who has more',
      { ...member('records:read:c'), disabled: true },
      { disabled: false },
      some,
      'SCOPE_NOT_HELD records:read:c',
    ],
    [
      'a member sets the password of who has more, and takes it away at once',
      member('records:read:c'),
      { password: 'p', scopes: ['records:read:a'] },
      some,
      'none',
    ],
    ['an admin gives an admin scopes', of('admin'), { scopes: ['keys:read'] }, owner, 'VALIDATION_FAILED scopes'],
    [
      'an owner promotes a member with scopes',
      member('keys:read'),
      { role: 'admin', scopes: [] },
      owner,
      'VALIDATION_FAILED scopes',
    ],
  ] as const)('where %s', (_what, user, asked, held, expected) => {
    expect(refusalOf(() => changedRights(user, asked, held))).toBe(expected);
  });

  it('leaves what is not named', () => {
    expect(changedRights(member('keys:read'), { disabled: true }, owner)).toEqual({
      ...member('keys:read'),
      disabled: true,
    });
  });

  it('takes the scopes of a member who becomes an admin, for good', () => {
    const promoted = changedRights(member('keys:read'), { role: 'admin' }, owner);

    expect(promoted.scopes).toEqual([]);
    expect(changedRights(promoted, { role: 'member' }, owner)).toEqual(member());
  });
});

describe('touching a user', () => {
  it('who is a member asks for nothing more, an admin for all that an admin has, an owner for everything', () => {
    expect(refusalOf(() => requireMayTouch(of('member'), ['users:delete']))).toBe('none');
    expect(refusalOf(() => requireMayTouch(of('admin'), ['users:*']))).toMatch('SCOPE_NOT_HELD');
    expect(refusalOf(() => requireMayTouch(of('admin'), admin))).toBe('none');
    expect(refusalOf(() => requireMayTouch(of('owner'), admin))).toBe('SCOPE_NOT_HELD *');
  });
});

describe('grantableScopes', () => {
  const details: AuthorizationDetail[] = [{ type: 'keyport_dataset', datasets: ['a'], actions: ['records:read'] }];

  it('are those held, and none on datasets where the token is narrowed to rows and fields', () => {
    expect(grantableScopes({ scopes: owner, details: undefined })).toEqual(['*']);
    expect(grantableScopes({ scopes: ['records:read:a', 'keys:read'], details })).toEqual(['keys:read']);
    expect(grantableScopes({ scopes: owner, details })).not.toContain('*');
  });
});

describe('isStandingOwner', () => {
  it('is an owner who is not disabled', () => {
    expect(isStandingOwner(of('owner'))).toBe(true);
    expect(isStandingOwner({ ...of('owner'), disabled: true })).toBe(false);
    expect(isStandingOwner(of('admin'))).toBe(false);
  });
});
