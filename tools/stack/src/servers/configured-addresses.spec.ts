import { describe, expect, it } from '@jest/globals';
import { withUser } from './configured-mongodb.ts';
import { splitNatsUrl } from './configured-nats.ts';

describe('withUser', () => {
  it('puts the service, its database and its password into an address of several hosts', () => {
    const url = withUser('mongodb://root:secret@a:27017,b:27017/?replicaSet=main&authSource=admin', 'records', {
      name: 'records',
      password: 'k/1',
    });

    expect(url).toBe('mongodb://records:k%2F1@a:27017,b:27017/records?replicaSet=main&authSource=records');
  });

  it('keeps the given user, looked up where it was before, when there is no other', () => {
    expect(withUser('mongodb://team:secret@a:27017/team', 'auth')).toBe(
      'mongodb://team:secret@a:27017/auth?authSource=team',
    );
  });

  it('asks for no user where the address has none', () => {
    expect(withUser('mongodb://a:27017/?replicaSet=main', 'auth')).toBe('mongodb://a:27017/auth?replicaSet=main');
  });
});

describe('splitNatsUrl', () => {
  it('takes user and password out of the address', () => {
    expect(splitNatsUrl('nats://team:s%2Fcret@bus:4222')).toEqual({
      url: 'nats://bus:4222',
      user: 'team',
      password: 's/cret',
    });
  });

  it('does not repeat a password in what it says of a broken address', () => {
    expect(() => splitNatsUrl('nats://team:s/cret@bus:4222')).toThrow(/^NATS_URL is not an address such as \S+$/);
  });

  it('completes an address without a scheme', () => {
    expect(splitNatsUrl('bus:4222').url).toBe('nats://bus:4222');
  });
});
